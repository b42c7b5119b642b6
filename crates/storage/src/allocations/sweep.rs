//! Holds that ran out.

use crate::{Result, Storage};

/// Holds given back by one statement, which keeps the list's gate meanwhile: some tens of milliseconds.
const HOLDS_AT_ONCE: i32 = 2_000;

impl Storage {
    /// Gives back the codes of holds that ran out, so that they are counted and handed out without waiting for a list
    /// to run dry; answers how many.
    pub async fn sweep_holds(&self) -> Result<i64> {
        // What was confirmed may be among what was lost: an operator decides about holds first.
        if self.lineage().await?.paused.is_some() {
            return Ok(0);
        }
        let lists = sqlx::query_scalar!(
            "select distinct list_id from hold
             where held_until at time zone 'UTC' <= now() at time zone 'UTC' limit 100"
        )
        .fetch_all(&self.pool)
        .await?;
        let mut swept = 0;
        for list_id in lists {
            loop {
                let some = sqlx::query_scalar!(
                    r#"select sweep_holds($1, $2) as "swept!""#,
                    list_id,
                    HOLDS_AT_ONCE
                );
                let some = some.fetch_one(&self.pool).await?;
                swept += i64::from(some);
                if some < HOLDS_AT_ONCE {
                    break;
                }
            }
        }
        Ok(swept)
    }
}
