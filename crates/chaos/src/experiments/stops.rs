//! A server stands still for some seconds while clients ask and a file is loaded, and then goes on as if nothing had been.

use std::time::Duration;

use anyhow::Context as _;
use demo::client::text;
use rand::{RngExt as _, rngs::StdRng};
use tokio::time::{Instant, sleep};

use super::{Run, Verdict, judge, millis};
use crate::{
    history::Entry,
    server::Server,
    stand::Stand,
    storm::{Asked, Storm},
};

const CODES: u64 = 400_000;
const CODES_OF_A_FILE: u64 = 200_000;
/// A client of the other servers has a code within this time.
const CODE_WITHIN: Duration = Duration::from_secs(5);
/// A file whose server stands still is loaded by another one.
const FINAL_WITHIN: Duration = Duration::from_secs(60);
const WELL_WITHIN: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

/// What was found while a server stood still.
#[derive(Debug, Default)]
struct Found {
    entries: Vec<Entry>,
    slowest: Duration,
    loaded: Duration,
    violations: Vec<String>,
}

pub(super) async fn make(run: &Run) -> anyhow::Result<Vec<Verdict>> {
    let mut stand = run.stand().await?;
    let list = stand.list_of(CODES).await?;
    let loads = stand.list().await?;
    let asked = stand.asked(&list);
    let storm = Storm::begin(&asked, "p", run.seed);
    let mut chance = run.chance();
    let (mut stops, mut found) = (0, Found::default());
    for _ in run.bounds.times(run.bounds.kills) {
        found.stop(&stand, &loads, &asked, stops, &mut chance).await?;
        stops += 1;
    }
    let mut aftermath = storm.end().await;
    aftermath.history.entries.append(&mut found.entries);
    let violations = judge(&aftermath, stand.stock(&list).await?);
    run.keep("server-stops", &aftermath, &violations)?;
    let stock = stand.stock(&loads).await?;
    if stock.total != stops * CODES_OF_A_FILE || stock.available != stock.total {
        found
            .violations
            .push(format!("{stops} files of {CODES_OF_A_FILE} came to {stock:?}"));
    }
    let history = &aftermath.history;
    Ok(vec![
        Verdict::new(
            "G3",
            [
                ("stops of servers", stops),
                ("keys", history.keys() as u64),
                ("requests", history.entries.len() as u64),
            ],
            violations,
        ),
        Verdict::new(
            "G38",
            [
                ("stops of servers", stops),
                ("ms to a code from others, at most", millis(found.slowest)),
                (
                    "ms until others had loaded its file, at most",
                    millis(found.loaded),
                ),
            ],
            found.violations,
        ),
    ])
}

fn server(stand: &Stand, index: usize) -> anyhow::Result<&Server> {
    stand.servers.get(index).context("there is no such server")
}

/// The same, of the other servers.
fn without(asked: &Asked, victim: usize) -> Asked {
    let mut servers = asked.servers.to_vec();
    servers.remove(victim);
    Asked::new(servers, &asked.list, asked.began)
}

impl Found {
    /// A server stands still in the middle of a load, and goes on.
    async fn stop(
        &mut self,
        stand: &Stand,
        loads: &str,
        asked: &Asked,
        round: u64,
        chance: &mut StdRng,
    ) -> anyhow::Result<()> {
        let file = stand
            .upload(loads, round * CODES_OF_A_FILE, CODES_OF_A_FILE)
            .await?;
        sleep(Duration::from_millis(chance.random_range(0..1_500))).await;
        // The first one is who is asked how far the file is.
        let victim = chance.random_range(1..stand.servers.len());
        let still = Duration::from_millis(chance.random_range(2_000..6_000));
        server(stand, victim)?.stand_still()?;
        // Now and then until somebody else has loaded the file.
        let waited_for = (round % 3 == 2).then_some(file.as_str());
        self.watch(stand, &without(asked, victim), round, still, waited_for)
            .await?;
        server(stand, victim)?.go_on()?;
        let well = stand.until_well().await?;
        if well > WELL_WITHIN {
            self.violations
                .push(format!("a server was well {well:?} after it went on"));
        }
        let added = stand.loaded(&file).await?;
        if added != CODES_OF_A_FILE {
            self.violations
                .push(format!("a file of {CODES_OF_A_FILE} added {added}"));
        }
        Ok(())
    }

    /// Asks the others for codes all the while.
    async fn watch(
        &mut self,
        stand: &Stand,
        others: &Asked,
        round: u64,
        still: Duration,
        file: Option<&str>,
    ) -> anyhow::Result<()> {
        let began = Instant::now();
        let mut waits_for_file = file.is_some();
        let mut number = 0;
        while began.elapsed() < still || waits_for_file {
            let asked_at = Instant::now();
            let key = format!("o{round}-{number}");
            others
                .insist(&key, number % others.servers.len(), &mut self.entries)
                .await;
            number += 1;
            let took = asked_at.elapsed();
            self.slowest = self.slowest.max(took);
            if took > CODE_WITHIN {
                self.violations.push(format!(
                    "{key} had its code after {took:?} while another server stood still"
                ));
            }
            if let Some(file) = file.filter(|_| waits_for_file) {
                let shown = server(stand, 0)?.client.get(file).await?;
                waits_for_file = text(&shown, "status")? == "PENDING";
                if !waits_for_file {
                    self.loaded = self.loaded.max(began.elapsed());
                } else if began.elapsed() > FINAL_WITHIN {
                    self.violations
                        .push("a file stays PENDING while its server stands still".to_owned());
                    waits_for_file = false;
                }
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }
}
