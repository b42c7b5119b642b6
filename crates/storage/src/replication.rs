//! How far the replicas of the primary are behind it, for metrics.

use std::time::Duration;

use crate::{Result, Storage};

/// A server that takes the primary's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaLag {
    /// Its `application_name`.
    pub name: String,
    /// How long ago the primary wrote what the replica has replayed last; zero if it has everything.
    pub lag: Duration,
}

impl Storage {
    /// One for each name. Those of which PostgreSQL does not know it are left out, and all of them where it tells this role nothing of
    /// them (`pg_monitor`).
    pub async fn replica_lags(&self) -> Result<Vec<ReplicaLag>> {
        let rows = sqlx::query!(
            r#"select coalesce(application_name, '') as "name!",
                      max(case when replay_lsn >= pg_current_wal_flush_lsn() then 0
                               else extract(epoch from replay_lag) end)::float8 as seconds
               from pg_stat_replication where state = 'streaming' group by 1 order by 1"#
        );
        let rows = rows.fetch_all(&self.pool).await?.into_iter();
        Ok(rows
            .filter_map(|row| {
                Some(ReplicaLag {
                    name: row.name,
                    lag: Duration::try_from_secs_f64(row.seconds?).unwrap_or_default(),
                })
            })
            .collect())
    }
}
