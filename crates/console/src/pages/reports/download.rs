//! `GET /console/w/{workspace}/reports/{report}/download`

use actix_web::{HttpRequest, HttpResponse, web};
use storage::ReportStatus;

use super::report_in_path;
use crate::{Console, download::of_gzip, error::PageError, visitor::Visitor};

pub(crate) async fn download(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let report = report_in_path(&console, &visitor, &request).await?;
    if report.status != ReportStatus::Ready {
        return Err(PageError::NotFound);
    }
    let (storage, workspace) = (&console.storage, visitor.workspace()?);
    let (list, id) = (report.list.to_string(), report.public_id.to_string());
    storage
        .note(workspace, "usage-report.download", Some(&list), Some(&id))
        .await?;
    let name = format!("usage-report-{}-{}.csv", report.start_date, report.end_date);
    Ok(of_gzip(&request, &name, storage.report_pieces(&report)))
}
