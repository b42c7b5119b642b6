//! `GET /v1/usage-report/{report_id}` (ours)

use actix_web::{HttpRequest, HttpResponse, web};

use super::shown::ShownReport;
use crate::{
    App,
    authentication::Workspace,
    error::ApiError,
    openapi::refusals::{Guarded, NamesThing},
    path::{ReportPath, report_id},
};

#[utoipa::path(
    get,
    path = "/v1/usage-report/{report_id}",
    operation_id = "fetchUsageReport",
    tag = "Reports",
    summary = "Fetch a Usage Report",
    description = "How far a report has come.",
    params(ReportPath),
    responses((status = 200, description = "The report.", body = ShownReport), Guarded, NamesThing),
)]
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
