//! `GET /v1/webhook-secret` (ours)

use actix_web::{HttpResponse, web};

use crate::{App, authentication::Workspace, error::ApiError};

pub(crate) async fn fetch(app: web::Data<App>, workspace: Workspace) -> Result<HttpResponse, ApiError> {
    let secret = app.storage.webhook_secret(&workspace.0).await?;
    Ok(super::shown(&secret))
}
