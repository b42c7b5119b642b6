//! What is looked at every few seconds, by one process at a time.

use std::time::Duration;

use crate::{Result, Storage, jobs::interval};

impl Storage {
    /// Whether it is the caller's turn to look after this; the next turn, anybody's, comes after the pause.
    pub async fn take_turn(&self, name: &str, pause: Duration) -> Result<bool> {
        let taken = sqlx::query_scalar!(r#"select take_turn($1, $2) as "taken!""#, name, interval(pause));
        Ok(taken.fetch_one(&self.pool).await?)
    }

    /// Looks at the stock of every list that wants to be told when it runs low.
    pub async fn watch_stocks(&self) -> Result<()> {
        let lists = sqlx::query_scalar!(r#"select list_id as "list_id!" from lists_to_watch() list_id"#)
            .fetch_all(&self.pool)
            .await?;
        for list_id in lists {
            sqlx::query!("select watch_stock($1)", list_id)
                .execute(&self.pool)
                .await?;
        }
        Ok(())
    }

    /// Enqueues today's reminders of expiries that are near, where today is a day of this IANA zone; answers how many.
    pub async fn remind_of_expiries(&self, zone: &str) -> Result<i32> {
        let reminded = sqlx::query_scalar!(r#"select remind_of_expiries($1) as "reminded!""#, zone);
        Ok(reminded.fetch_one(&self.pool).await?)
    }
}
