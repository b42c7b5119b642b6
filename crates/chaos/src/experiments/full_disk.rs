//! The disk of the database is full: first for its tables, then for its log, which ends PostgreSQL.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use chaos::postgres::{Place, Postgres, Volume};
use tokio::time::{Instant, sleep};

use super::{
    Run, Verdict, judge,
    routes::{self, Found},
};
use crate::{stand::Stand, storm::Storm};

/// Room for the cluster, the codes, and the log that this writes.
const MEGABYTES: u32 = 320;
const CODES: u64 = 100_000;
const PATIENCE: Duration = Duration::from_secs(15);

pub(super) async fn make(run: &Run) -> anyhow::Result<Vec<Verdict>> {
    let place = Place::new()?;
    let volume = match place.volume("primary", MEGABYTES) {
        Ok(volume) => volume,
        Err(error) => return Ok(vec![Verdict::untried("G37", &error)]),
    };
    let primary = place.cluster_on(volume)?;
    let mut stand = Stand::start_on(primary, place, &run.program, &run.kept, &Vec::new()).await?;
    let list = stand.list_of(CODES).await?;
    let asked_of = stand.list_of(1_000).await?;
    let (mut found, mut ends) = (Found::default(), 0);
    let storm = Storm::begin(&stand.asked(&list), "f", run.seed);
    for round in run.bounds.times(run.bounds.database_kills) {
        let requests = routes::of_a_new_list(&mut stand).await?;
        disk(&stand.primary)?.fill()?;
        found.ask_all(&stand, &requests, "no room for data").await;
        exhaust_log(&stand.primary).await?;
        found.ask_all(&stand, &requests, "no room for the log").await;
        disk(&stand.primary)?.clear()?;
        // Whoever made room starts it, where it did not try again by itself.
        if stand.primary.has_ended()? {
            stand.primary.start().await?;
            ends += 1;
        }
        found
            .recover(&stand, &asked_of, &format!("full disk {round}"))
            .await;
    }
    let aftermath = storm.end().await;
    let violations = judge(&aftermath, stand.stock(&list).await?);
    run.keep("full-disk", &aftermath, &violations)?;
    found.violations.extend(violations);
    let mut entries = aftermath.history.entries.iter();
    if entries.any(|entry| entry.is("allocation-paused")) {
        found
            .violations
            .push("allocations were paused after a full disk".to_owned());
    }
    // What workers do goes on, too.
    stand.list_of(10).await?;
    let figures = [
        ("times PostgreSQL ended", ends),
        ("keys", aftermath.history.keys() as u64),
    ];
    Ok(vec![found.verdict("G37", &figures)])
}

fn disk(postgres: &Postgres) -> anyhow::Result<&Volume> {
    postgres.volume().context("the data are on no disk of their own")
}

/// Has the log go on in a new file, for which there is no room, until PostgreSQL breaks down.
async fn exhaust_log(postgres: &Postgres) -> anyhow::Result<()> {
    let began = Instant::now();
    while postgres
        .sql("select pg_switch_wal(); select pg_logical_emit_message(false, 'chaos', 'more')")
        .is_ok()
    {
        ensure!(began.elapsed() < PATIENCE, "the log goes on without room");
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
