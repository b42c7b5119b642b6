//! What callbacks are signed with: one file per verb.

mod fetch;
mod rotate;

pub(crate) use fetch::fetch;
pub(crate) use rotate::rotate;

use actix_web::{HttpResponse, http::header::CACHE_CONTROL};
use domain::WebhookSecret;
use serde::Serialize;

#[derive(Serialize)]
struct ShownSecret {
    secret: String,
}

fn shown(secret: &WebhookSecret) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(ShownSecret {
            secret: secret.shown(),
        })
}
