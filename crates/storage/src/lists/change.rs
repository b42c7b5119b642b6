//! Changing a list, and what ends it.

use domain::{Name, Subscribers};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::types::Json;

use super::{ActivateListOutcome, ListChange, ListRef, UpdateListOutcome};
use crate::{Result, Storage};

impl Storage {
    pub async fn update_list(&self, list: &ListRef, change: &ListChange) -> Result<UpdateListOutcome> {
        match self.try_to_update_list(list, change).await {
            // Another list got the name between the look for it and the change: the next look finds it.
            Err(sqlx::Error::Database(refusal)) if refusal.is_unique_violation() => {
                Ok(self.try_to_update_list(list, change).await?)
            }
            outcome => Ok(outcome?),
        }
    }

    async fn try_to_update_list(
        &self,
        list: &ListRef,
        change: &ListChange,
    ) -> sqlx::Result<UpdateListOutcome> {
        let outcome = sqlx::query_scalar!(
            r#"select update_list($1, $2, $3, $4, $5) as "outcome!""#,
            list.list_id,
            change.name.as_ref().map(Name::as_str),
            change.expires_at.map(jiff_sqlx::ToSqlx::to_sqlx) as _,
            change.subscribers.as_ref().map(Subscribers::as_slice),
            change.alerts.as_ref().map(Json) as _,
        );
        outcome.fetch_one(self.pool.of(list.workspace_id)).await
    }

    /// Makes the list active until `expires_at`, from whatever state; its former codes do not come back.
    pub async fn activate_list(&self, list: &ListRef, expires_at: Timestamp) -> Result<ActivateListOutcome> {
        let outcome = sqlx::query_scalar!(
            r#"select activate_list($1, $2) as "outcome!""#,
            list.list_id,
            expires_at.to_sqlx() as _
        );
        Ok(outcome.fetch_one(self.pool.of(list.workspace_id)).await?)
    }

    /// Takes the list and its free codes out of use; nothing is handed out from the answer on.
    pub async fn archive_list(&self, list: &ListRef) -> Result<()> {
        sqlx::query!("select archive_list($1)", list.list_id)
            .execute(self.pool.of(list.workspace_id))
            .await?;
        Ok(())
    }

    /// Carries out the expiries that have come; answers how many lists there were.
    pub async fn expire_due_lists(&self) -> Result<usize> {
        let due = sqlx::query_scalar!(
            "select list_id from coupon_list where status = 'ACTIVE' and expires_at <= clock_timestamp() limit 100"
        )
        .fetch_all(&self.pool)
        .await?;
        for list_id in &due {
            sqlx::query_scalar!("select expire_list($1)", list_id)
                .fetch_one(&self.pool)
                .await?;
        }
        Ok(due.len())
    }
}
