//! `GET /v1/usage-report/{report_id}` (ours)

use actix_web::{HttpRequest, HttpResponse, web};

use super::shown::ShownReport;
use crate::{App, authentication::Workspace, error::ApiError, path::report_id};

pub(crate) async fn fetch(
    app: web::Data<App>,
    workspace: Workspace,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let report = app
        .storage
        .usage_report(&workspace.0, report_id(&request)?)
        .await?
        .ok_or(ApiError::NotFound)?;
    Ok(HttpResponse::Ok().json(ShownReport::from(report)))
}
