//! `POST /v1/webhook-secret` (ours): makes another one.

use actix_web::{HttpResponse, web};

use crate::{App, authentication::Workspace, error::ApiError};

pub(crate) async fn rotate(app: web::Data<App>, workspace: Workspace) -> Result<HttpResponse, ApiError> {
    let secret = app.storage.rotate_webhook_secret(&workspace.0).await?;
    Ok(super::shown(&secret))
}
