//! Usage reports of all lists of a workspace.

pub(crate) mod change;
pub(crate) mod download;
pub(crate) mod fetch_all;

use actix_web::HttpRequest;
use storage::UsageReport;

use crate::{Console, error::PageError, visitor::Visitor};

/// The report that the path names; one of another workspace is not there.
async fn report_in_path(
    console: &Console,
    visitor: &Visitor,
    request: &HttpRequest,
) -> Result<UsageReport, PageError> {
    let id = request.match_info().get("report").and_then(|id| id.parse().ok());
    let found = console
        .storage
        .usage_report(visitor.workspace()?, id.ok_or(PageError::NotFound)?);
    found.await?.ok_or(PageError::NotFound)
}
