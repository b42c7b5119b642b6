//! Servers are told to end and are started again, one after the other, behind a balancer, while clients ask and files are
//! loaded.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use anyhow::Context as _;
use reqwest::Method;
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep},
};

use super::{Run, Verdict, judge, millis};
use crate::storm::{Asked, Storm, ask};

const CODES: u64 = 400_000;
const CODES_OF_A_FILE: u64 = 100_000;
/// How often a balancer asks each server whether it wants requests: a server gives notice of five seconds.
const LOOK: Duration = Duration::from_secs(1);
/// What a server may take for what is under way, and that notice.
const ENDS_WITHIN: Duration = Duration::from_secs(40);
const LOADED_WITHIN: Duration = Duration::from_secs(60);

pub(super) async fn make(run: &Run) -> anyhow::Result<Vec<Verdict>> {
    let mut stand = run.stand().await?;
    let list = stand.list_of(CODES).await?;
    let loads = stand.list().await?;
    let asked = stand.asked(&list);
    let balancer = Balancer::begin(&asked);
    let storm = Storm::begin(&asked, "t", run.seed);
    let (mut restarts, mut late) = (0_u64, Vec::new());
    let (mut longest, mut loaded) = (Duration::ZERO, Duration::ZERO);
    for _ in run.bounds.times(run.bounds.kills) {
        let file = stand
            .upload(&loads, restarts * CODES_OF_A_FILE, CODES_OF_A_FILE)
            .await?;
        let began = Instant::now();
        let victim = usize::try_from(restarts)? % stand.servers.len();
        let server = stand.servers.get_mut(victim).context("there is no such server")?;
        let took = server.end().await?;
        server.start().await?;
        restarts += 1;
        longest = longest.max(took);
        if took > ENDS_WITHIN {
            late.push(format!("a server took {took:?} to end"));
        }
        let added = stand.loaded(&file).await?;
        loaded = loaded.max(began.elapsed());
        if added != CODES_OF_A_FILE || began.elapsed() > LOADED_WITHIN {
            late.push(format!(
                "a file of {CODES_OF_A_FILE} added {added} after {:?}",
                began.elapsed()
            ));
        }
        // The balancer has to know it again before the next one goes.
        sleep(2 * LOOK).await;
    }
    let aftermath = storm.end().await;
    drop(balancer);
    let mut violations = judge(&aftermath, stand.stock(&list).await?);
    let history = &aftermath.history;
    if history.unanswered() > 0 {
        violations.push(format!("{} requests were never answered", history.unanswered()));
    }
    violations.extend(late);
    run.keep("rolling-restarts", &aftermath, &violations)?;
    let refused = history.entries.iter().filter(|entry| entry.status == 503);
    Ok(vec![Verdict::new(
        "G34",
        [
            ("restarts", restarts),
            ("keys", history.keys() as u64),
            ("requests", history.entries.len() as u64),
            ("of them unanswered", history.unanswered() as u64),
            ("answered 503", refused.count() as u64),
            ("ms to end, at most", millis(longest)),
            ("ms to load a file meanwhile, at most", millis(loaded)),
        ],
        violations,
    )])
}

/// Keeps clients from servers that want no requests; ends when it is dropped.
#[derive(Debug)]
struct Balancer(JoinHandle<()>);

impl Balancer {
    fn begin(asked: &Asked) -> Self {
        let (servers, wanting) = (Arc::clone(&asked.servers), Arc::clone(&asked.wanting));
        Self(tokio::spawn(async move {
            loop {
                for (server, wants) in servers.iter().zip(wanting.iter()) {
                    let answer = ask(server, Method::GET, "/readyz", None).await;
                    wants.store(
                        answer.is_some_and(|answer| answer.status == 200),
                        Ordering::Relaxed,
                    );
                }
                sleep(LOOK).await;
            }
        }))
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.0.abort();
    }
}
