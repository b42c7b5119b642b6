//! Usage reports: asked for, built, kept for a week.

mod build;
mod pieces;
mod read;
mod request;
mod rows;

use domain::{Period, PublicId, Subscribers};
use jiff::Timestamp;
use serde::Deserialize;

pub use self::rows::{UsageDecoder, UsageRow};
use crate::{Claim, SentAs};

/// A report as it is read.
#[derive(Debug, Clone)]
pub struct UsageReport {
    pub public_id: PublicId,
    pub list: PublicId,
    pub start_date: String,
    pub end_date: String,
    pub status: ReportStatus,
    pub failure: Option<String>,
    pub rows: Option<i64>,
    /// The CSV's size.
    pub bytes: Option<i64>,
    /// And when compressed.
    pub gzip_bytes: Option<i64>,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub mailed_at: Option<Timestamp>,
    /// By recipient; none before the report has ended.
    pub mails: Vec<ReportMail>,
    /// When it will be removed.
    pub expires_at: Timestamp,
    pub place: UsageReportRef,
}

/// What became of the mail to one recipient of a report.
#[derive(Debug, Clone, Deserialize)]
pub struct ReportMail {
    pub recipient: String,
    pub status: ReportMailStatus,
    /// Once a report was sent.
    pub sent_as: Option<SentAs>,
    /// Why it was not sent, so far or for good.
    pub reason: Option<String>,
    pub settled_at: Option<Timestamp>,
}

/// The states of a report's mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ReportMailStatus {
    Waiting,
    Sent,
    Failed,
}

/// Where a report's pieces are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_field_names, reason = "the keys are called as in the schema")]
pub struct UsageReportRef {
    workspace_id: i64,
    list_id: i64,
    report_id: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportStatus {
    Pending,
    Ready,
    Failed,
}

impl ReportStatus {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Ready => "READY",
            Self::Failed => "FAILED",
        }
    }
}

/// A report to be built.
#[derive(Debug, Clone)]
pub struct NewUsageReport {
    /// Days of the workspace's zone.
    pub period: Period,
    pub subscribers: Subscribers,
}

/// What became of a request for a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestReport {
    Requested(PublicId),
    Refused(RequestReportRefusal),
}

/// Why a report was not begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "request_report_refusal", rename_all = "kebab-case")]
pub enum RequestReportRefusal {
    /// The first day lies before the list was made.
    TooEarly,
    /// The last day has not begun.
    InFuture,
}

/// A report whose building the caller has claimed.
#[derive(Debug, Clone, Copy)]
pub struct ReportToBuild {
    pub claim: Claim,
    pub(crate) list_id: i64,
    pub(crate) report_id: i64,
}

/// As the job keeps it.
#[derive(Deserialize)]
pub(crate) struct ReportPayload {
    report_id: i64,
}

impl ReportToBuild {
    pub(crate) fn new(claim: Claim, list_id: i64, payload: ReportPayload) -> Self {
        Self {
            claim,
            list_id,
            report_id: payload.report_id,
        }
    }
}
