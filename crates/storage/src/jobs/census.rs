//! How many jobs there are, for metrics.

use std::time::Duration;

use crate::{Result, Storage};

/// The jobs of one kind; a fetch is a kind of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct JobCount {
    pub kind: String,
    pub ready: i64,
    pub running: i64,
    /// Given up, and not yet forgotten.
    pub dead: i64,
    /// How long the one that has been due the longest has been; zero if none is.
    pub oldest: Duration,
}

impl Storage {
    /// One count for each kind, also where there is no job of it.
    pub async fn count_jobs(&self) -> Result<Vec<JobCount>> {
        let rows = sqlx::query!(
            r#"select k.kind as "kind!", ready.jobs as "ready!", running.jobs as "running!", dead.jobs as "dead!",
                      coalesce(extract(epoch from clock_timestamp() - least(ready.due, running.due)), 0)::float8
                          as "oldest!"
               from unnest(array['fetch_file', 'load_file', 'purge_list', 'send_mail', 'send_invitation', 'call_back',
                                 'build_report', 'bulk_action']) k(kind)
               cross join lateral (
                   select count(*) as jobs, min(j.run_at) filter (where j.run_at <= clock_timestamp()) as due
                   from job j where j.state = 'ready' and j.lane = k.kind) ready
               cross join lateral (
                   select count(*) as jobs, min(j.run_at) as due from job j
                   where j.state = 'running' and j.lane = k.kind) running
               cross join lateral (
                   select count(*) as jobs from job j where j.state = 'dead' and j.lane = k.kind) dead"#
        );
        let rows = rows.fetch_all(&self.pool).await?.into_iter();
        Ok(rows
            .map(|row| JobCount {
                kind: row.kind,
                ready: row.ready,
                running: row.running,
                dead: row.dead,
                oldest: Duration::try_from_secs_f64(row.oldest).unwrap_or_default(),
            })
            .collect())
    }
}
