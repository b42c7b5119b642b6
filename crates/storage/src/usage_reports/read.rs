//! Reports as they are read.

use domain::{LinkKey, PublicId};
use sqlx::types::Json;

use super::{ReportMail, ReportStatus, UsageReport, UsageReportRef};
use crate::{Error, ListRef, Result, Storage, Workspace};

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
    /// The list's reports, the newest first.
    pub async fn usage_reports(&self, list: &ListRef) -> Result<Vec<UsageReport>> {
        let rows = select_reports!(
            "r.list_id = $1 order by r.created_at desc, r.report_id desc",
            list.list_id
        );
        let rows = rows.fetch_all(self.pool.of(list.workspace_id)).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The newest reports of all lists of the workspace that the actor sees.
    pub async fn newest_usage_reports(&self, workspace: &Workspace, limit: i64) -> Result<Vec<UsageReport>> {
        let rows = select_reports!(
            "c.workspace_id = $1 and ($3::bigint[] is null or c.list_id = any ($3))
             order by r.created_at desc, r.report_id desc limit $2",
            workspace.workspace_id,
            limit,
            workspace.lists.as_deref()
        );
        let rows = rows.fetch_all(self.pool.of(workspace.workspace_id)).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// A report of any list of the workspace that the actor sees.
    pub async fn usage_report(&self, workspace: &Workspace, id: PublicId) -> Result<Option<UsageReport>> {
        let row = select_reports!(
            "r.public_id = $1 and c.workspace_id = $2 and ($3::bigint[] is null or c.list_id = any ($3))",
            id.as_bytes(),
            workspace.workspace_id,
            workspace.lists.as_deref()
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

    pub(crate) async fn usage_report_by_id(
        &self,
        list_id: i64,
        report_id: i64,
    ) -> Result<Option<UsageReport>> {
        let row = select_reports!("r.list_id = $1 and r.report_id = $2", list_id, report_id);
        let row = row.fetch_optional(&self.pool).await?;
        row.map(TryInto::try_into).transpose()
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
