//! What is done about keys off the path of requests: reading them ahead of need, and noting that they were used.

use tokio::time::{MissedTickBehavior, interval};

use super::{Credentials, stored::read_stored};
use crate::{Result, Storage};

/// Workspaces read by one statement.
const AT_ONCE: usize = 500;

impl Storage {
    /// Keeps what is known of the workspaces that ask for something fresh, so that no request has to wait for it, and
    /// notes on which day a key was used last. Until it is dropped.
    pub async fn keep_credentials(&self) {
        let credentials = &self.credentials;
        let mut ticks = interval(credentials.memory.refresh_after / 10);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            // What cannot be read is not believed for longer than `forget_after`; requests then get a 503.
            if let Err(error) = credentials.refresh().await {
                tracing::warn!(%error, "keys could not be read ahead");
            }
            if let Err(error) = credentials.note_used_keys().await {
                tracing::debug!(%error, "the use of keys could not be noted; trying again");
            }
        }
    }
}

impl Credentials {
    /// A workspace that nobody asked for since it was read is left to be forgotten.
    async fn refresh(&self) -> Result<()> {
        let due: Vec<String> = self
            .stored
            .iter()
            .filter(|(_, stored)| stored.is_used() && stored.age() >= self.memory.refresh_after)
            .map(|(workspace, _)| workspace.as_str().to_owned())
            .collect();
        for workspaces in due.chunks(AT_ONCE) {
            for (workspace, stored) in read_stored(&self.pool, workspaces).await? {
                self.stored.insert(workspace, stored).await;
            }
        }
        Ok(())
    }

    /// The day is the database's, in UTC. Written once a day and key, whichever process is first.
    async fn note_used_keys(&self) -> Result<()> {
        let used: Vec<i64> = self.used_keys().iter().copied().collect();
        if used.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "update api_key k set last_used_on = (clock_timestamp() at time zone 'UTC')::date
             where k.api_key_id = any($1)
               and k.last_used_on is distinct from (clock_timestamp() at time zone 'UTC')::date",
            &used,
        )
        .execute(&self.pool)
        .await?;
        // Not before: what could not be written is written the next time.
        let mut left = self.used_keys();
        for key in used {
            left.remove(&key);
        }
        Ok(())
    }
}
