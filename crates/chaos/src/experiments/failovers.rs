//! A standby takes over, synchronous or not; a backup is put in the place of the data.

use std::{mem, time::Duration};

use anyhow::ensure;
use chaos::postgres::Postgres;
use rand::RngExt as _;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::{Run, Verdict, judge};
use crate::{
    history::Loss,
    stand::Stand,
    storm::{Aftermath, Storm},
};

const CODES: u64 = 400_000;
/// How many codes of each list are set aside: more than go out while a link is cut.
const SET_ASIDE: &str = "20000";
const PATIENCE: Duration = Duration::from_mins(1);

pub(super) async fn make(run: &Run) -> anyhow::Result<Vec<Verdict>> {
    Ok(vec![synchronous(run).await?, asynchronous(run).await?])
}

/// A standby that follows the stand's primary.
async fn standby(stand: &Stand, n: u32) -> anyhow::Result<Postgres> {
    let mut standby = stand.place.backup(&stand.primary, &format!("standby_{n}"))?;
    standby.follow(&stand.primary)?;
    standby.start().await?;
    Ok(standby)
}

/// The primary dies, and the standby is in its place.
async fn fail_over(stand: &mut Stand, mut standby: Postgres) -> anyhow::Result<()> {
    stand.primary.kill().await?;
    standby.promote().await?;
    standby.sql("alter system reset all")?;
    standby.sql("select pg_reload_conf()")?;
    stand.gate.lead_to(standby.address());
    mem::swap(&mut stand.primary, &mut standby);
    Ok(())
}

async fn synchronous(run: &Run) -> anyhow::Result<Verdict> {
    let settings = vec![("COUPONRY_AFTER_PROMOTION", "continue".to_owned())];
    let mut stand = run.stand_with(settings).await?;
    let list = stand.list_of(CODES).await?;
    let mut chance = run.chance();
    let storm = Storm::begin(&stand.asked(&list), "s", run.seed);
    let mut failovers = 0;
    for n in run.bounds.times(run.bounds.failovers) {
        let standby = standby(&stand, n).await?;
        stand.primary.sql(&format!(
            "alter system set synchronous_standby_names = 'standby_{n}'"
        ))?;
        stand.primary.sql("select pg_reload_conf()")?;
        let began = Instant::now();
        while stand
            .primary
            .sql("select string_agg(sync_state, '') from pg_stat_replication")?
            != "sync"
        {
            ensure!(
                began.elapsed() < PATIENCE,
                "the standby does not become synchronous"
            );
            sleep(Duration::from_millis(50)).await;
        }
        // What was answered before is on the standby too.
        sleep(Duration::from_millis(chance.random_range(300..1_500))).await;
        fail_over(&mut stand, standby).await?;
        stand.until_well().await?;
        failovers += 1;
    }
    let aftermath = storm.end().await;
    let violations = judge(&aftermath, stand.stock(&list).await?);
    run.keep("synchronous-failovers", &aftermath, &violations)?;
    Ok(Verdict::new(
        "G10",
        [
            ("synchronous failovers", failovers),
            ("keys", aftermath.history.keys() as u64),
            ("requests", aftermath.history.entries.len() as u64),
        ],
        violations,
    ))
}

async fn asynchronous(run: &Run) -> anyhow::Result<Verdict> {
    let mut stand = run.stand().await?;
    let list = stand.list_of(CODES).await?;
    let mut chance = run.chance();
    let storm = Storm::begin(&stand.asked(&list), "a", run.seed);
    let (mut failovers, mut violations) = (0, Vec::new());
    for n in run.bounds.times(run.bounds.failovers) {
        let standby = standby(&stand, n).await?;
        standby.catch_up(&stand.primary).await?;
        // The link is cut: what is answered from here on is lost.
        standby.lose_primary().await?;
        sleep(Duration::from_millis(chance.random_range(300..2_000))).await;
        fail_over(&mut stand, standby).await?;
        acknowledge(&stand, &["other-timeline", "loss"], &mut violations).await?;
        failovers += 1;
    }
    let aftermath = storm.end().await;
    let (lost, paused) = judge_loss(&aftermath, &mut violations);
    run.keep("asynchronous-failovers", &aftermath, &violations)?;
    Ok(Verdict::new(
        "G10",
        [
            ("asynchronous failovers", failovers),
            ("keys", aftermath.history.keys() as u64),
            ("answered that they wait", paused),
            ("keys that were lost", lost),
        ],
        violations,
    ))
}

/// Nothing is handed out until somebody says so; then it is.
async fn acknowledge(stand: &Stand, reasons: &[&str], violations: &mut Vec<String>) -> anyhow::Result<()> {
    let began = Instant::now();
    for server in &stand.servers {
        loop {
            let ready = server.client.get("/readyz").await.ok();
            if ready.as_ref().and_then(|ready| ready.get("status")) == Some(&"paused".into()) {
                break;
            }
            if began.elapsed() > PATIENCE {
                violations.push("a server did not pause".to_owned());
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }
    let Some(server) = stand.servers.first() else {
        return Ok(());
    };
    let shown: Value = serde_json::from_str(&server.command(&["database", "show"])?)?;
    let reason = shown.get("paused").and_then(Value::as_str).unwrap_or_default();
    if !reasons.contains(&reason) {
        violations.push(format!("the reason is none of {reasons:?}: {shown}"));
    }
    server.command(&["database", "acknowledge", "--set-aside", SET_ASIDE])?;
    Ok(())
}

/// How many keys got another code, and how many answers said to wait.
fn judge_loss(aftermath: &Aftermath, violations: &mut Vec<String>) -> (u64, u64) {
    let history = &aftermath.history;
    violations.extend(history.violations(Loss::OfKeys));
    let paused = history
        .entries
        .iter()
        .filter(|entry| entry.is("allocation-paused"));
    (history.keys_with_two_codes() as u64, paused.count() as u64)
}

/// A backup takes the place of the data while the servers are up; then a storm goes on.
pub(super) async fn restores(run: &Run) -> anyhow::Result<Vec<Verdict>> {
    let mut stand = run.stand().await?;
    let list = stand.list_of(CODES).await?;
    let storm = Storm::begin(&stand.asked(&list), "b", run.seed);
    let (mut restores, mut violations) = (0, Vec::new());
    for n in run.bounds.times(run.bounds.failovers) {
        let mut backup = stand.place.backup(&stand.primary, &format!("backup_{n}"))?;
        sleep(Duration::from_secs(1)).await;
        stand.primary.stop()?;
        // Once as it is, once recovered to a point in time.
        if n % 2 == 0 {
            stand.primary.restore(&backup)?;
            stand.primary.start().await?;
            acknowledge(&stand, &["loss"], &mut violations).await?;
        } else {
            backup.recover()?;
            backup.start().await?;
            stand.gate.lead_to(backup.address());
            mem::swap(&mut stand.primary, &mut backup);
            // Servers that stayed up miss what they answered, too.
            acknowledge(&stand, &["loss"], &mut violations).await?;
        }
        restores += 1;
    }
    let aftermath = storm.end().await;
    let (lost, paused) = judge_loss(&aftermath, &mut violations);
    run.keep("restores", &aftermath, &violations)?;
    Ok(vec![Verdict::new(
        "G11",
        [
            ("restores", restores),
            ("keys", aftermath.history.keys() as u64),
            ("answered that they wait", paused),
            ("keys that were lost", lost),
        ],
        violations,
    )])
}
