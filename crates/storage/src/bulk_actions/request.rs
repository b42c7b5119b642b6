//! Asking for an action.

use domain::{AllocationStatus, ExternalId, PublicId};
use jiff_sqlx::ToSqlx;

use super::BulkActionKind;
use crate::{HandOutFilter, ListRef, Result, Storage, jobs::interval};

/// How long what became of an action can be read.
const KEPT: std::time::Duration = std::time::Duration::from_hours(30 * 24);

impl Storage {
    /// Has it done to all hand-outs that the filter takes and that there are now.
    pub async fn request_bulk_action(
        &self,
        list: &ListRef,
        kind: BulkActionKind,
        filter: &HandOutFilter,
    ) -> Result<PublicId> {
        let id = PublicId::from_bytes(rand::random());
        let requested = sqlx::query!(
            "select request_bulk_action($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            list.list_id,
            id.as_bytes(),
            kind.as_str(),
            filter.file.as_ref().map(|file| file.as_bytes().as_slice()),
            filter.user_id.as_ref().map(ExternalId::as_str),
            filter.campaign_id.as_ref().map(ExternalId::as_str),
            filter.status.map(AllocationStatus::as_str),
            filter.from.map(ToSqlx::to_sqlx) as _,
            filter.until.map(ToSqlx::to_sqlx) as _,
        );
        requested.fetch_one(self.pool.of(list.workspace_id)).await?;
        Ok(id)
    }

    pub async fn forget_old_bulk_actions(&self) -> Result<()> {
        sqlx::query!(
            "delete from bulk_action where created_at < clock_timestamp() - $1::interval and status <> 'PENDING'",
            interval(KEPT),
        )
        .execute(&self.bulk)
        .await?;
        Ok(())
    }
}
