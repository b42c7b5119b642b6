//! Building a report: by the worker that has its job, and nobody else.

use super::ReportToBuild;
use crate::{Result, Storage};

impl Storage {
    /// Removes the pieces that an interrupted try left, and waits for persons that are being erased: what is read of the
    /// ledger afterwards does not name them. False if the job is someone else's by now.
    pub async fn begin_report(&self, report: &ReportToBuild) -> Result<bool> {
        let begun = sqlx::query_scalar!(
            r#"select begin_report($1, $2, $3, $4, $5) as "begun!""#,
            report.claim.job_id,
            report.claim.attempt,
            report.claim.owner,
            report.list_id,
            report.report_id,
        );
        Ok(begun.fetch_one(&self.bulk).await?)
    }

    /// Keeps the piece with this number, from 0, of the report's gzip stream. False if the job is someone else's, or the
    /// report is gone. Of two workers on one report one fails at a number that is there.
    pub async fn keep_report_piece(&self, report: &ReportToBuild, number: i32, bytes: &[u8]) -> Result<bool> {
        let kept = sqlx::query_scalar!(
            r#"select keep_report_piece($1, $2, $3, $4, $5, $6, $7) as "kept!""#,
            report.claim.job_id,
            report.claim.attempt,
            report.claim.owner,
            report.list_id,
            report.report_id,
            number,
            bytes,
        );
        Ok(kept.fetch_one(&self.pool).await?)
    }

    /// Ends the report and enqueues the mail about it; false if the job was someone else's by then.
    pub async fn finish_report(
        &self,
        report: &ReportToBuild,
        rows: u64,
        bytes: u64,
        gzip_bytes: u64,
    ) -> Result<bool> {
        let done = sqlx::query_scalar!(
            r#"select end_report($1, $2, $3, $4, $5, null, $6, $7, $8) as "done!""#,
            report.claim.job_id,
            report.claim.attempt,
            report.claim.owner,
            report.list_id,
            report.report_id,
            rows.cast_signed(),
            bytes.cast_signed(),
            gzip_bytes.cast_signed(),
        );
        Ok(done.fetch_one(&self.bulk).await?)
    }

    /// Ends a report that cannot be built, and enqueues the mail that says why.
    pub async fn fail_report(&self, report: &ReportToBuild, reason: &str) -> Result<bool> {
        if !self.begin_report(report).await? {
            return Ok(false);
        }
        let done = sqlx::query_scalar!(
            r#"select end_report($1, $2, $3, $4, $5, $6, null, null, null) as "done!""#,
            report.claim.job_id,
            report.claim.attempt,
            report.claim.owner,
            report.list_id,
            report.report_id,
            reason,
        );
        Ok(done.fetch_one(&self.pool).await?)
    }
}
