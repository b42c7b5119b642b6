//! Usage reports: asked for, built, kept for a week.

use bytes::Bytes;
use domain::{LinkKey, Period, PublicId, Subscribers};
use futures_util::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use serde::Deserialize;
use sqlx::types::Json;

use crate::{Claim, Error, ListRef, Result, Storage, Workspace};

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
    /// `WAITING`, `SENT` or `FAILED`.
    pub status: String,
    /// `ATTACHMENT` or `LINK`, once a report was sent.
    pub sent_as: Option<String>,
    /// Why it was not sent, so far or for good.
    pub reason: Option<String>,
    pub settled_at: Option<Timestamp>,
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

macro_rules! select_reports {
    ($condition:tt, $($argument:expr),+) => {
        sqlx::query_as!(
            ReportRow,
            r#"select c.workspace_id, r.list_id, r.report_id, r.public_id, c.public_id as list_public_id, r.start_date::text as "start_date!",
                      r.end_date::text as "end_date!", r.status, r.failure, r.rows, r.bytes, r.gzip_bytes, r.created_at,
                      r.ended_at, r.mailed_at, r.created_at + interval '7 days' as "expires_at!",
                      array(select to_jsonb(m) from report_mail m
                            where m.list_id = r.list_id and m.report_id = r.report_id order by m.recipient) as "mails!: Vec<Json<ReportMail>>"
               from usage_report r join coupon_list c using (list_id) where "# + $condition,
            $($argument),+
        )
    };
}

impl Storage {
    pub async fn request_report(&self, list: &ListRef, report: &NewUsageReport) -> Result<RequestReport> {
        let id = PublicId::from_bytes(rand::random());
        let period = &report.period;
        let outcome = sqlx::query_scalar!(
            r#"select request_report($1, $2, $3::text::date, $4::text::date, $5, $6, $7, $8, $9) as "outcome!""#,
            list.list_id,
            id.as_bytes(),
            period.start_date.to_string(),
            period.end_date.to_string(),
            period.from.to_sqlx() as _,
            period.first_day_ends.to_sqlx() as _,
            period.last_day_begins.to_sqlx() as _,
            period.until.to_sqlx() as _,
            report.subscribers.as_slice(),
        );
        match outcome.fetch_one(self.pool.of(list.workspace_id)).await?.as_str() {
            "requested" => Ok(RequestReport::Requested(id)),
            "too-early" => Ok(RequestReport::TooEarly),
            "in-future" => Ok(RequestReport::InFuture),
            other => Err(Error::Fault(format!("request_report answered {other}"))),
        }
    }

    /// The list's reports, the newest first.
    pub async fn usage_reports(&self, list: &ListRef) -> Result<Vec<UsageReport>> {
        let rows = select_reports!(
            "r.list_id = $1 order by r.created_at desc, r.report_id desc",
            list.list_id
        );
        let rows = rows.fetch_all(self.pool.of(list.workspace_id)).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// A report of any list of the workspace.
    pub async fn usage_report(&self, workspace: &Workspace, id: PublicId) -> Result<Option<UsageReport>> {
        let row = select_reports!(
            "r.public_id = $1 and c.workspace_id = $2",
            id.as_bytes(),
            workspace.workspace_id
        );
        let row = row.fetch_optional(self.pool.of(workspace.workspace_id)).await?;
        row.map(TryInto::try_into).transpose()
    }

    /// A report by its id alone, with the key that a link to it must be signed with.
    pub async fn linked_usage_report(&self, id: PublicId) -> Result<Option<(UsageReport, LinkKey)>> {
        let key = sqlx::query_scalar!(
            "select w.link_key from usage_report r join coupon_list using (list_id) join workspace w using (workspace_id)
             where r.public_id = $1",
            id.as_bytes(),
        );
        let Some(key) = key.fetch_optional(&self.keys).await? else {
            return Ok(None);
        };
        let row = select_reports!("r.public_id = $1", id.as_bytes());
        let Some(row) = row.fetch_optional(&self.keys).await? else {
            return Ok(None);
        };
        let key = LinkKey::new(self.link_seal().await?.clone(), key);
        Ok(Some((row.try_into()?, key)))
    }

    /// Removes a report, its pieces, and what builds or mails it. False if the workspace has no such report.
    pub async fn delete_usage_report(&self, workspace: &Workspace, id: PublicId) -> Result<bool> {
        let deleted = sqlx::query_scalar!(
            r#"select delete_report($1, $2) as "deleted!""#,
            workspace.workspace_id,
            id.as_bytes(),
        );
        Ok(deleted.fetch_one(self.pool.of(workspace.workspace_id)).await?)
    }

    pub(crate) async fn usage_report_by_id(
        &self,
        list_id: i64,
        report_id: i64,
    ) -> Result<Option<UsageReport>> {
        let row = select_reports!("r.list_id = $1 and r.report_id = $2", list_id, report_id);
        let row = row.fetch_optional(&self.pool).await?;
        row.map(TryInto::try_into).transpose()
    }

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

    /// Removes the reports that are a week old.
    pub async fn forget_old_reports(&self) -> Result<()> {
        sqlx::query!(
            "with due as (
                 -- Those that nobody is at: who is, deletes them too, perhaps in another order.
                 select list_id, report_id from usage_report
                 where created_at < clock_timestamp() - interval '7 days' and status <> 'PENDING'
                 for update skip locked
             ), old as (
                 delete from usage_report r using due d where r.list_id = d.list_id and r.report_id = d.report_id
                 returning r.list_id, r.report_id
             ), mails as (
                 delete from report_mail m using old o where m.list_id = o.list_id and m.report_id = o.report_id
             )
             delete from usage_report_piece p using old o where p.list_id = o.list_id and p.report_id = o.report_id"
        )
        .execute(&self.bulk)
        .await?;
        Ok(())
    }
}

struct ReportRow {
    workspace_id: i64,
    list_id: i64,
    report_id: i64,
    public_id: Vec<u8>,
    list_public_id: Vec<u8>,
    start_date: String,
    end_date: String,
    status: String,
    failure: Option<String>,
    rows: Option<i64>,
    bytes: Option<i64>,
    gzip_bytes: Option<i64>,
    created_at: jiff_sqlx::Timestamp,
    ended_at: Option<jiff_sqlx::Timestamp>,
    mailed_at: Option<jiff_sqlx::Timestamp>,
    mails: Vec<Json<ReportMail>>,
    expires_at: jiff_sqlx::Timestamp,
}

impl TryFrom<ReportRow> for UsageReport {
    type Error = Error;

    fn try_from(row: ReportRow) -> Result<Self> {
        let unreadable = || Error::Fault("a usage report cannot be read".to_owned());
        let id = |bytes: &[u8]| PublicId::try_from(bytes).map_err(|_| unreadable());
        Ok(Self {
            public_id: id(&row.public_id)?,
            list: id(&row.list_public_id)?,
            start_date: row.start_date,
            end_date: row.end_date,
            status: [ReportStatus::Pending, ReportStatus::Ready, ReportStatus::Failed]
                .into_iter()
                .find(|status| status.as_str() == row.status)
                .ok_or_else(unreadable)?,
            failure: row.failure,
            rows: row.rows,
            bytes: row.bytes,
            gzip_bytes: row.gzip_bytes,
            created_at: row.created_at.into(),
            ended_at: row.ended_at.map(Into::into),
            mailed_at: row.mailed_at.map(Into::into),
            mails: row.mails.into_iter().map(|Json(mail)| mail).collect(),
            expires_at: row.expires_at.into(),
            place: UsageReportRef {
                workspace_id: row.workspace_id,
                list_id: row.list_id,
                report_id: row.report_id,
            },
        })
    }
}
