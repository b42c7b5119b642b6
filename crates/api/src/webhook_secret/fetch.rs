//! `GET /v1/webhook-secret` (ours)

use actix_web::{HttpResponse, web};

use crate::{App, authentication::Workspace, error::ApiError, openapi::refusals::Guarded};

#[utoipa::path(
    get,
    path = "/v1/webhook-secret",
    operation_id = "fetchWebhookSecret",
    tag = "Coupon Files",
    summary = "Fetch the Webhook Secret",
    description = "What the workspace's callbacks are signed with.",
    responses((status = 200, description = "The secret.", body = super::ShownSecret), Guarded),
)]
pub(crate) async fn fetch(app: web::Data<App>, workspace: Workspace) -> Result<HttpResponse, ApiError> {
    let secret = app.storage.webhook_secret(&workspace.0).await?;
    Ok(super::shown(&secret))
}
