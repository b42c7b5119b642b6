//! `DELETE /v1/usage-report/{report_id}` (ours)

use actix_web::{HttpRequest, HttpResponse, web};

use crate::{
    App,
    authentication::Workspace,
    body::Body,
    error::ApiError,
    openapi::refusals::{Guarded, NamesThing},
    path::{ReportPath, report_id},
};

#[utoipa::path(
    delete,
    path = "/v1/usage-report/{report_id}",
    operation_id = "deleteUsageReport",
    tag = "Reports",
    summary = "Delete a Usage Report",
    description = "Before its week is over, in whatever state. One that is being built is not built to its end; one that was \
        not mailed is not mailed any more.",
    params(ReportPath),
    responses((status = 204, description = "It is gone."), Guarded, NamesThing),
)]
pub(crate) async fn delete(
    app: web::Data<App>,
    workspace: Workspace,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    body.nothing().await?;
    if app
        .storage
        .delete_usage_report(&workspace.0, report_id(&request)?)
        .await?
    {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(ApiError::NotFound)
    }
}
