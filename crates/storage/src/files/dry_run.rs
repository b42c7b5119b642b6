//! Files of which nothing is published: they are only looked at.

use sqlx::types::Json;

use super::{FileRow, select_files};
use crate::{CouponFile, ListRef, Result, Storage};
use domain::{RejectedFor, Rejection};

impl Storage {
    /// The list's newest dry runs, of a week at most.
    pub async fn dry_runs(&self, list: &ListRef, limit: i64) -> Result<Vec<CouponFile>> {
        let rows = select_files!(
            "list_id = $1 and dry_run and deleted_at is null order by created_at desc, public_id limit $2",
            list.list_id,
            limit
        );
        rows.fetch_all(self.pool.of(list.workspace_id))
            .await?
            .into_iter()
            .map(TryInto::try_into)
            .collect()
    }

    /// Forgets the dry runs that ended a week ago.
    pub async fn forget_old_dry_runs(&self) -> Result<()> {
        // The day is a value: what removes rows of a list asks no clock.
        let before = sqlx::query_scalar!(r#"select clock_timestamp() - interval '7 days' as "before!""#)
            .fetch_one(&self.bulk)
            .await?;
        sqlx::query!(
            "delete from coupon_file where dry_run and status <> 'PENDING' and updated_at < $1",
            before
        )
        .execute(&self.bulk)
        .await?;
        Ok(())
    }
}
