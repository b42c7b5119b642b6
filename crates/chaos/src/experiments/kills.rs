//! Servers and PostgreSQL die while clients ask for codes.

use std::time::{Duration, Instant};

use chaos::gate::Way;
use rand::RngExt as _;
use tokio::time::sleep;

use super::{Run, Verdict, end_audit, judge, millis};
use crate::{stand::Stand, stock::Auditor, storm::Storm};

const CODES: u64 = 400_000;
/// A server that was killed answers again within this time.
const STARTS_WITHIN: Duration = Duration::from_secs(5);
/// And all of them after the database came back.
const WELL_WITHIN: Duration = Duration::from_secs(10);
/// How much later everything comes, every other time that the database dies: what lies between two messages lasts long enough
/// to be met then, such as an answer and its commit.
const SLOW: Duration = Duration::from_millis(20);
/// A session inside an open transaction for so long was left behind.
const LEFT_OPEN: &str = "select count(*) from pg_stat_activity where state like 'idle in transaction%'
    and application_name = 'couponry' and clock_timestamp() - state_change > interval '1 second'";

pub(super) async fn of_servers(run: &Run) -> anyhow::Result<Vec<Verdict>> {
    let mut stand = run.stand().await?;
    let list = stand.list_of(CODES).await?;
    let asked = stand.asked(&list);
    let (auditor, storm) = (Auditor::begin(&asked, CODES), Storm::begin(&asked, "k", run.seed));
    let mut chance = run.chance();
    let (mut kills, mut late, mut open) = (0, Vec::new(), Vec::new());
    for _ in run.bounds.times(run.bounds.kills) {
        sleep(Duration::from_millis(chance.random_range(200..1_500))).await;
        let victim = chance.random_range(0..stand.servers.len());
        if let Some(server) = stand.servers.get_mut(victim) {
            server.kill()?;
            let took = server.start().await?;
            kills += 1;
            if took > STARTS_WITHIN {
                late.push(format!("a server was ready {took:?} after it was started"));
            }
        }
        if stand.primary.sql(LEFT_OPEN)? != "0" {
            open.push("a session was left inside a transaction".to_owned());
        }
    }
    let aftermath = storm.end().await;
    let mut violations = judge(&aftermath, stand.stock(&list).await?);
    run.keep("server-kills", &aftermath, &violations)?;
    violations.extend(late);
    let history = &aftermath.history;
    let mut audit = Vec::new();
    let seen = end_audit(auditor, &mut audit);
    Ok(vec![
        Verdict::new(
            "G3",
            [
                ("kills", kills),
                ("keys", history.keys() as u64),
                ("requests", history.entries.len() as u64),
                ("of them unanswered", history.unanswered() as u64),
            ],
            violations.clone(),
        ),
        Verdict::new("G5", [("stocks seen", seen), ("kills", kills)], audit),
        Verdict::new(
            "G7",
            [
                ("hang-ups", aftermath.hang_ups as u64),
                ("looks at the sessions", kills),
            ],
            violations.into_iter().chain(open).collect(),
        ),
    ])
}

pub(super) async fn of_the_database(run: &Run) -> anyhow::Result<Vec<Verdict>> {
    let mut stand = run.stand().await?;
    let list = stand.list_of(CODES).await?;
    let asked = stand.asked(&list);
    let storm = Storm::begin(&asked, "d", run.seed);
    let mut chance = run.chance();
    let (mut kills, mut stops, mut late, mut longest) = (0, 0, Vec::new(), Duration::ZERO);
    for n in run.bounds.times(run.bounds.database_kills) {
        if n % 2 == 1 {
            stand.gate.set(Way::Delay(SLOW));
        }
        sleep(Duration::from_millis(chance.random_range(500..2_000))).await;
        // Now and then it falls silent instead.
        if n % 5 == 4 {
            stand.primary.stand_still()?;
            sleep(Duration::from_secs(6)).await;
            stand.primary.go_on()?;
            stops += 1;
        } else {
            stand.primary.kill().await?;
            stand.primary.start().await?;
            kills += 1;
        }
        stand.gate.set(Way::Open);
        let took = well(&stand).await?;
        longest = longest.max(took);
        if took > WELL_WITHIN {
            late.push(format!("the servers were well {took:?} after the database was"));
        }
    }
    let aftermath = storm.end().await;
    let mut violations = judge(&aftermath, stand.stock(&list).await?);
    run.keep("database-kills", &aftermath, &violations)?;
    let paused = aftermath
        .history
        .entries
        .iter()
        .filter(|entry| entry.is("allocation-paused"));
    if paused.count() > 0 {
        violations.push("allocations were paused after a crash".to_owned());
    }
    violations.extend(late);
    Ok(vec![Verdict::new(
        "G4",
        [
            ("kills", kills),
            ("times it stood still", stops),
            ("keys", aftermath.history.keys() as u64),
            ("requests", aftermath.history.entries.len() as u64),
            ("ms to be well again, at most", millis(longest)),
        ],
        violations,
    )])
}

async fn well(stand: &Stand) -> anyhow::Result<Duration> {
    let began = Instant::now();
    stand.until_well().await?;
    Ok(began.elapsed())
}
