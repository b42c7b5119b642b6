//! `GET /console/w/{workspace}/reports/{report}/download`

use actix_web::{
    HttpRequest, HttpResponse,
    error::ErrorInternalServerError,
    http::header::{
        AcceptEncoding, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_TYPE, Encoding, Header as _, VARY,
    },
    web,
};
use futures_util::StreamExt as _;
use storage::ReportStatus;

use super::report_in_path;
use crate::{Console, error::PageError, visitor::Visitor};

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
    let mut answer = HttpResponse::Ok();
    answer.insert_header((VARY, "accept-encoding"));
    if takes_gzip(&request) {
        // It is kept compressed: the browser makes the CSV of it.
        answer
            .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
            .insert_header((CONTENT_ENCODING, "gzip"))
            .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")));
    } else {
        answer
            .insert_header((CONTENT_TYPE, "application/gzip"))
            .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.gz\"")));
    }
    // The head is out by then: all that is left is to break the connection, so that nobody takes a part for the whole.
    let pieces = storage.report_pieces(&report).map(|piece| {
        piece.map_err(|error| {
            tracing::warn!(%error, "a download was cut off");
            ErrorInternalServerError("cut off")
        })
    });
    Ok(answer.streaming(pieces))
}

fn takes_gzip(request: &HttpRequest) -> bool {
    AcceptEncoding::parse(request).is_ok_and(|accepted| {
        accepted.negotiate([Encoding::gzip(), Encoding::identity()].iter()) == Some(Encoding::gzip())
    })
}
