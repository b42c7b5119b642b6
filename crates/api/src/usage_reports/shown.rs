//! A usage report as the API shows it.

use domain::instant_with_zone;
use serde::Serialize;
use storage::UsageReport;

#[derive(Serialize)]
pub(super) struct ShownReport {
    _id: String,
    coupon_list_id: String,
    start_date: String,
    end_date: String,
    status: &'static str,
    /// Why it failed.
    reason: Option<String>,
    rows: Option<i64>,
    bytes: Option<i64>,
    created_at: String,
    ended_at: Option<String>,
    mailed_at: Option<String>,
    expires_at: String,
}

impl From<UsageReport> for ShownReport {
    fn from(report: UsageReport) -> Self {
        Self {
            _id: report.public_id.to_string(),
            coupon_list_id: report.list.to_string(),
            status: report.status.as_str(),
            rows: report.rows,
            bytes: report.bytes,
            created_at: instant_with_zone(report.created_at),
            ended_at: report.ended_at.map(instant_with_zone),
            mailed_at: report.mailed_at.map(instant_with_zone),
            expires_at: instant_with_zone(report.expires_at),
            start_date: report.start_date,
            end_date: report.end_date,
            reason: report.failure,
        }
    }
}
