//! The database is away, in every way that a network and an operator know.

use std::time::Duration;

use chaos::gate::Way;
use demo::client::Client;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{Run, Verdict, millis};
use crate::{stand::Stand, storm::ask};

/// Whoever waits hears within this time, whatever the database does; a little more is the client's own.
const ANSWERED_WITHIN: Duration = Duration::from_millis(5_500);
const WELL_WITHIN: Duration = Duration::from_secs(10);
/// How many requests are under way at once.
const AT_ONCE: usize = 16;

const NETWORK: [(&str, Way); 5] = [
    ("refused", Way::Refuse),
    ("reset", Way::Reset),
    ("silent", Way::Silence),
    ("slow", Way::Delay(Duration::from_secs(8))),
    ("cut before each answer", Way::CutAnswers),
];

/// A path with its ids, and how it is asked.
type Request = (Method, String);

pub(super) async fn make(run: &Run) -> anyhow::Result<Vec<Verdict>> {
    let mut stand = run.stand().await?;
    let list = stand.list_of(10_000).await?;
    // Of a list of their own: one of them archives it.
    let asked = stand.list_of(10).await?;
    let requests = requests(&stand, &asked).await?;
    let mut found = Found::default();
    for (what, way) in NETWORK {
        if std::time::Instant::now() >= run.bounds.until {
            break;
        }
        stand.gate.set(way);
        found.ask_all(&stand, &requests, what).await;
        stand.gate.set(Way::Open);
        found.recover(&stand, &list, what).await;
    }
    if std::time::Instant::now() < run.bounds.until {
        stand
            .primary
            .sql("alter system set default_transaction_read_only = on")?;
        stand.primary.sql("select pg_reload_conf()")?;
        found.ask_all(&stand, &requests, "read-only").await;
        stand
            .primary
            .sql("alter system reset default_transaction_read_only")?;
        stand.primary.sql("select pg_reload_conf()")?;
        found.recover(&stand, &list, "read-only").await;
    }
    Ok(vec![Verdict::new(
        "G35",
        [
            ("ways", found.ways),
            ("routes", requests.len() as u64),
            ("requests", found.requests),
            ("answered 503", found.refused),
            ("ms to an answer, at most", millis(found.slowest)),
            ("ms to recover, at most", millis(found.recovery)),
        ],
        found.violations,
    )])
}

#[derive(Debug, Default)]
struct Found {
    ways: u64,
    requests: u64,
    refused: u64,
    slowest: Duration,
    recovery: Duration,
    violations: Vec<String>,
}

impl Found {
    async fn ask_all(&mut self, stand: &Stand, requests: &[Request], what: &str) {
        self.ways += 1;
        for (server, part) in stand.servers.iter().cycle().zip(requests.chunks(AT_ONCE)) {
            let mut asking = JoinSet::new();
            for (method, path) in part.iter().cloned() {
                let client = server.client.clone();
                asking.spawn(async move { one(&client, method, path).await });
            }
            for (said, status, took) in asking.join_all().await {
                self.requests += 1;
                self.refused += u64::from(status == Some(503));
                self.slowest = self.slowest.max(took);
                let is_well = status.is_some_and(|status| status < 500 || status == 503);
                if !is_well || took > ANSWERED_WITHIN || said.is_some() {
                    let said = said.unwrap_or_default();
                    self.violations
                        .push(format!("{what}: {said} {status:?} after {took:?}"));
                }
            }
        }
    }

    async fn recover(&mut self, stand: &Stand, list: &str, what: &str) {
        let began = Instant::now();
        for (n, server) in stand.servers.iter().enumerate() {
            let body = json!({"user_id": format!("{what} {n}")});
            let path = format!("{list}/allocations");
            while ask(&server.client, Method::POST, &path, Some(&body))
                .await
                .is_none_or(|answer| answer.status != 201 && answer.status != 200)
            {
                if began.elapsed() > 3 * WELL_WITHIN {
                    break;
                }
                sleep(Duration::from_millis(20)).await;
            }
        }
        let took = began.elapsed();
        self.recovery = self.recovery.max(took);
        if took > WELL_WITHIN {
            self.violations
                .push(format!("{what}: codes went out again after {took:?}"));
        }
    }
}

/// What is wrong with the answer, if not its status; that, and how long it took.
async fn one(client: &Client, method: Method, path: String) -> (Option<String>, Option<u16>, Duration) {
    let began = Instant::now();
    let body = (method != Method::GET && method != Method::DELETE).then(|| json!({"user_id": "somebody"}));
    let answer = ask(client, method.clone(), &path, body.as_ref()).await;
    let took = began.elapsed();
    let request = format!("{method} {path}");
    match answer {
        Some(answer) if answer.status == 503 && answer.retry_after.is_none() => {
            (Some(format!("{request} has no Retry-After:")), Some(503), took)
        }
        Some(answer) if answer.status < 500 || answer.status == 503 => {
            let is_slow = took > ANSWERED_WITHIN;
            (is_slow.then_some(request), Some(answer.status), took)
        }
        Some(answer) => (Some(request), Some(answer.status), took),
        None => (Some(format!("{request} was not answered:")), None, took),
    }
}

/// Every route of the document, with ids that it could have.
async fn requests(stand: &Stand, list: &str) -> anyhow::Result<Vec<Request>> {
    let document = stand.insist(Method::GET, "/openapi.json", None).await?;
    let list_id = list.rsplit('/').next().unwrap_or_default();
    let mut requests = Vec::new();
    let paths = document
        .get("paths")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    for (path, methods) in paths {
        let path = path.replace("{coupon_list_id}", list_id);
        let path: Vec<&str> = path
            .split('/')
            .map(|part| {
                if part.starts_with('{') {
                    "0123456789abcdef01234567"
                } else {
                    part
                }
            })
            .collect();
        let path = path.join("/");
        for method in methods.as_object().into_iter().flat_map(serde_json::Map::keys) {
            if let Ok(method) = method.to_uppercase().parse() {
                requests.push((method, path.clone()));
            }
        }
    }
    Ok(requests)
}
