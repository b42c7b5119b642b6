//! A usage report as the API shows it.

use domain::instant_with_zone;
use serde::Serialize;
use storage::{ReportMail, UsageReport};
use utoipa::ToSchema;

use crate::{openapi::texts, words::words};

words! {
    /// The states of a report. It is `PENDING` until it has been built, or cannot be.
    #[schema(as = UsageReportStatus)]
    #[serde(rename_all = "UPPERCASE")]
    pub(super) enum ShownStatus of storage::ReportStatus {
        Pending,
        Ready,
        Failed,
    }
}

/// A report and how far it has come.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageReport)]
pub(super) struct ShownReport {
    #[schema(value_type = texts::Id)]
    _id: String,
    #[schema(value_type = texts::Id)]
    coupon_list_id: String,
    #[schema(format = Date)]
    start_date: String,
    #[schema(format = Date)]
    end_date: String,
    status: ShownStatus,
    /// Why it failed; null if it did not.
    #[schema(required = true)]
    reason: Option<String>,
    /// Null until it is ready.
    #[schema(required = true, minimum = 0)]
    rows: Option<i64>,
    /// The CSV's size; null until it is ready.
    #[schema(required = true, minimum = 0)]
    bytes: Option<i64>,
    #[schema(value_type = texts::Instant)]
    created_at: String,
    #[schema(value_type = Option<texts::Instant>, required = true)]
    ended_at: Option<String>,
    /// When the mail relay took the first of its mails; null until then.
    #[schema(value_type = Option<texts::Instant>, required = true)]
    mailed_at: Option<String>,
    /// What became of the mail to each who was to get one; empty until the report has ended.
    mails: Vec<ShownMail>,
    /// When it is removed.
    #[schema(value_type = texts::Instant)]
    expires_at: String,
}

words! {
    /// The states of a mail. It is `WAITING` until the relay has taken it, or it is given up.
    #[schema(as = ReportMailStatus)]
    #[serde(rename_all = "UPPERCASE")]
    enum MailStatus of storage::ReportMailStatus {
        Waiting,
        Sent,
        Failed,
    }
}

words! {
    /// How a report went by mail.
    #[schema(as = ReportSentAs)]
    #[serde(rename_all = "UPPERCASE")]
    enum SentAs of storage::SentAs {
        Attachment,
        Link,
    }
}

/// What became of a report's mail to one of its recipients.
#[derive(Serialize, ToSchema)]
#[schema(as = ReportMail)]
struct ShownMail {
    to: String,
    status: MailStatus,
    /// Null until it was sent, and for a report that failed: the mail said why.
    #[schema(required = true)]
    sent_as: Option<SentAs>,
    /// Why it was not sent, so far or for good; null if nothing kept it.
    #[schema(required = true)]
    reason: Option<String>,
    /// When it was sent or given up; null until then.
    #[schema(value_type = Option<texts::Instant>, required = true)]
    settled_at: Option<String>,
}

impl From<ReportMail> for ShownMail {
    fn from(mail: ReportMail) -> Self {
        Self {
            to: mail.recipient,
            status: mail.status.into(),
            sent_as: mail.sent_as.map(SentAs::from),
            reason: mail.reason,
            settled_at: mail.settled_at.map(instant_with_zone),
        }
    }
}

impl From<UsageReport> for ShownReport {
    fn from(report: UsageReport) -> Self {
        Self {
            _id: report.public_id.to_string(),
            coupon_list_id: report.list.to_string(),
            status: report.status.into(),
            rows: report.rows,
            bytes: report.bytes,
            created_at: instant_with_zone(report.created_at),
            ended_at: report.ended_at.map(instant_with_zone),
            mailed_at: report.mailed_at.map(instant_with_zone),
            mails: report.mails.into_iter().map(ShownMail::from).collect(),
            expires_at: instant_with_zone(report.expires_at),
            start_date: report.start_date,
            end_date: report.end_date,
            reason: report.failure,
        }
    }
}
