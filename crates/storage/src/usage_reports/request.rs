//! Asking for a report, and removing it.

use domain::PublicId;
use jiff_sqlx::ToSqlx as _;

use super::{NewUsageReport, RequestReport};
use crate::{ListRef, Result, Storage, Workspace};

impl Storage {
    pub async fn request_report(&self, list: &ListRef, report: &NewUsageReport) -> Result<RequestReport> {
        let id = PublicId::from_bytes(rand::random());
        let period = &report.period;
        let refusal = sqlx::query_scalar!(
            "select request_report($1, $2, $3::text::date, $4::text::date, $5, $6, $7, $8, $9)",
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
        let refusal = refusal.fetch_one(self.pool.of(list.workspace_id)).await?;
        Ok(refusal.map_or(RequestReport::Requested(id), RequestReport::Refused))
    }

    /// Removes a report, its pieces, and what builds or mails it. False if no list that the actor sees has it.
    pub async fn delete_usage_report(&self, workspace: &Workspace, id: PublicId) -> Result<bool> {
        let deleted = sqlx::query_scalar!(
            r#"select delete_report($1, $2, $3) as "deleted!""#,
            workspace.workspace_id,
            id.as_bytes(),
            workspace.lists.as_deref(),
        );
        Ok(deleted.fetch_one(self.pool.of(workspace.workspace_id)).await?)
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
