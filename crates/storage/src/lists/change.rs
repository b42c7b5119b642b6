//! Changing a list, and what ends it.

use domain::{ListName, Subscribers};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::types::Json;

use super::{Changed, ListChange, ListRef, UpdateList, create::violated};
use crate::{Error, Result, Storage};

impl Storage {
    pub async fn update_list(&self, list: &ListRef, change: &ListChange) -> Result<UpdateList> {
        let outcome = sqlx::query_scalar!(
            r#"select update_list($1, $2, $3, $4, $5) as "outcome!""#,
            list.list_id,
            change.name.as_ref().map(ListName::as_str),
            change.expires_at.map(jiff_sqlx::ToSqlx::to_sqlx) as _,
            change.subscribers.as_ref().map(Subscribers::as_slice),
            change.alerts.as_ref().map(Json) as _,
        )
        .fetch_one(self.pool.of(list.workspace_id))
        .await;
        match outcome.as_deref() {
            Ok("updated") => Ok(UpdateList::Updated),
            Ok("expired") => Ok(UpdateList::Expired),
            Ok("days_before-missing") => Ok(UpdateList::AlertNumberMissing("days_before")),
            Ok("threshold_count-missing") => Ok(UpdateList::AlertNumberMissing("threshold_count")),
            Ok(other) => Err(Error::Fault(format!("update_list answered {other}"))),
            Err(error) if violated(error) == Some("coupon_list_name_unique") => Ok(UpdateList::DuplicateName),
            Err(_) => outcome.map(|_| UpdateList::Updated).map_err(Error::from),
        }
    }

    /// Makes the list active until `expires_at`, from whatever state; its former codes do not come back.
    pub async fn activate_list(&self, list: &ListRef, expires_at: Timestamp) -> Result<Changed> {
        let done = sqlx::query_scalar!(
            r#"select activate_list($1, $2) as "done!""#,
            list.list_id,
            expires_at.to_sqlx() as _
        )
        .fetch_one(self.pool.of(list.workspace_id))
        .await?;
        Ok(if done { Changed::Done } else { Changed::Expired })
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
