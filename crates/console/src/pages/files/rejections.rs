//! The rows that a file's load left out.

use actix_web::{HttpRequest, HttpResponse, web};
use domain::{MAX_NAMED_REJECTIONS, PublicId, original};
use flate2::read::GzDecoder;
use futures_util::StreamExt as _;
use storage::{CouponFile, ListRef, Rejections, Storage};

use super::file_in_path;
use crate::{Console, download::of_gzip, error::PageError, pages::lists::list_in_path, visitor::Visitor};

/// A row that was left out.
pub(super) struct RejectedRow {
    pub(super) line: String,
    /// Its code, as it was read, while that is kept.
    pub(super) value: Option<String>,
    pub(super) reason: String,
}

/// `GET …/files/{file}/rejections`: all of them, as CSV.
pub(crate) async fn download(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let list = list_in_path(&console, &visitor, &request).await?;
    let id = file_in_path(&request)?;
    let Some(Rejections::Kept(kept)) = console.storage.rejections(&list, id).await? else {
        return Err(PageError::NotFound);
    };
    let name = format!("rejected-rows-{id}.csv");
    Ok(of_gzip(&request, &name, console.storage.rejection_pieces(kept)))
}

/// The first rows. After a week only their lines and reasons are known.
pub(super) async fn first(
    storage: &Storage,
    list: &ListRef,
    id: PublicId,
    file: &CouponFile,
) -> Result<Vec<RejectedRow>, PageError> {
    if let Some(Rejections::Kept(kept)) = storage.rejections(list, id).await? {
        let piece = storage.rejection_pieces(kept).next().await.transpose()?;
        return Ok(rows(&piece.unwrap_or_default()));
    }
    let known = file.rejections.iter().map(|known| RejectedRow {
        line: known.line.to_string(),
        value: None,
        reason: known.reason.clone(),
    });
    Ok(known.collect())
}

/// The piece need not be the last: it has more rows than these.
fn rows(gzip: &[u8]) -> Vec<RejectedRow> {
    let csv = csv::Reader::from_reader(GzDecoder::new(gzip));
    let rows = csv.into_records().map_while(Result::ok);
    let row = |row: csv::StringRecord| RejectedRow {
        line: row.get(0).unwrap_or_default().to_owned(),
        value: row.get(1).map(|value| original(value).into_owned()),
        reason: row.get(2).unwrap_or_default().to_owned(),
    };
    rows.take(MAX_NAMED_REJECTIONS).map(row).collect()
}
