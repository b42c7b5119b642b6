//! `POST /v1/webhook-secret` (ours): makes another one.

use actix_web::{HttpResponse, web};

use crate::{App, authentication::Workspace, body::Body, error::ApiError, openapi::refusals::Guarded};

#[utoipa::path(
    post,
    path = "/v1/webhook-secret",
    operation_id = "rotateWebhookSecret",
    tag = "Coupon Files",
    summary = "Replace the Webhook Secret",
    description = "Makes another one. The one before it goes on signing, beside the new one, for a day.",
    responses((status = 200, description = "The secret.", body = super::ShownSecret), Guarded),
)]
pub(crate) async fn rotate(
    app: web::Data<App>,
    workspace: Workspace,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    body.nothing().await?;
    let secret = app.storage.rotate_webhook_secret(&workspace.0).await?;
    Ok(super::shown(&secret))
}
