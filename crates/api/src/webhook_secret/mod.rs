//! What callbacks are signed with: one file per verb.

pub(crate) mod fetch;
pub(crate) mod rotate;

use actix_web::{HttpResponse, http::header::CACHE_CONTROL};
use domain::WebhookSecret;
use serde::Serialize;
use utoipa::ToSchema;

/// As the libraries of Standard Webhooks take it.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookSecret)]
struct ShownSecret {
    #[schema(examples("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))]
    secret: String,
}

fn shown(secret: &WebhookSecret) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(ShownSecret {
            secret: secret.shown(),
        })
}
