//! A report's bytes.

use bytes::Bytes;
use futures_util::{
    StreamExt as _,
    stream::{self, BoxStream},
};

use super::UsageReport;
use crate::{Error, Result, Storage};

impl Storage {
    /// The report's gzip stream, piece by piece, one at a time in memory. One that is missing is an error: a report that
    /// was removed meanwhile has no end.
    pub fn report_pieces(&self, report: &UsageReport) -> BoxStream<'static, Result<Bytes>> {
        let (pool, place) = (self.pool.clone(), report.place);
        let whole = report.gzip_bytes.unwrap_or_default();
        let pieces = stream::try_unfold((pool, 0, whole), move |(pool, number, left)| async move {
            if left == 0 {
                return Ok(None);
            }
            let piece = sqlx::query_scalar!(
                "select bytes from usage_report_piece where list_id = $1 and report_id = $2 and number = $3",
                place.list_id,
                place.report_id,
                number,
            );
            let missing = || Error::Fault(format!("piece {number} of a usage report is missing"));
            let piece = piece
                .fetch_optional(pool.of(place.workspace_id))
                .await?
                .ok_or_else(missing)?;
            match left - i64::try_from(piece.len()).unwrap_or(i64::MAX) {
                left @ 0.. => Ok(Some((Bytes::from(piece), (pool, number + 1, left)))),
                _ => Err(Error::Fault("a usage report has another length now".to_owned())),
            }
        });
        pieces.boxed()
    }
}
