//! `POST /v1/link-key` (ours): makes another one.

use actix_web::{HttpResponse, web};

use crate::{App, authentication::Workspace, body::Body, error::ApiError, openapi::refusals::Guarded};

#[utoipa::path(
    post,
    path = "/v1/link-key",
    operation_id = "rotateLinkKey",
    tag = "Service",
    summary = "Replace the link key",
    description = "Makes another key for links that open without credentials. Links of mailed reports and the URLs of pull \
        tokens that were made before open nothing from the answer on; the lists of pull tokens show the new URLs.",
    responses((status = 204, description = "It was replaced."), Guarded),
)]
pub(crate) async fn rotate(
    app: web::Data<App>,
    workspace: Workspace,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    body.nothing().await?;
    app.storage.rotate_link_key(&workspace.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
