//! Clients that ask for codes while something breaks: each key until it is answered, some at once from two sides, some by
//! clients that hang up.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use demo::client::Client;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::history::{Entry, History};

/// How many clients ask at once.
const CLIENTS: usize = 16;
/// The part of the keys whose first client hangs up, and of those that are asked for from two sides.
const HANG_UPS: f64 = 0.2;
const FROM_TWO_SIDES: f64 = 0.2;
/// How long a client who will hang up waits at most.
const HANGS_UP_AFTER_MS: u64 = 50;
const PAUSE: Duration = Duration::from_millis(20);
/// After this, a key that is not answered is a violation.
const GIVE_UP: Duration = Duration::from_mins(3);

/// Who is asked for what.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) servers: Arc<[Client]>,
    pub(crate) list: Arc<str>,
    pub(crate) began: Instant,
    /// Which servers want requests: all of them, unless a balancer says otherwise.
    pub(crate) wanting: Arc<[AtomicBool]>,
}

#[derive(Debug)]
pub(crate) struct Storm {
    asked: Asked,
    over: watch::Sender<bool>,
    clients: JoinSet<(Vec<Entry>, usize)>,
}

/// What a storm leaves behind.
#[derive(Debug)]
pub(crate) struct Aftermath {
    pub(crate) history: History,
    pub(crate) hang_ups: usize,
}

impl Storm {
    pub(crate) fn begin(asked: &Asked, name: &str, seed: u64) -> Self {
        let (over, is_over) = watch::channel(false);
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let (asked, is_over) = (asked.clone(), is_over.clone());
            let name = format!("{name}-{client}");
            let chance = StdRng::seed_from_u64(seed.wrapping_add(client as u64));
            clients.spawn(be_a_client(asked, name, chance, is_over));
        }
        Self {
            asked: asked.clone(),
            over,
            clients,
        }
    }

    /// Each client ends with the key that it has under way; then every answer is asked for again.
    pub(crate) async fn end(self) -> Aftermath {
        self.over.send_replace(true);
        let mut history = History::default();
        let mut hang_ups = 0;
        for (entries, hung_up) in self.clients.join_all().await {
            history.entries.extend(entries);
            hang_ups += hung_up;
        }
        let keys: Vec<String> = history.codes().into_keys().map(str::to_owned).collect();
        let mut again = JoinSet::new();
        for part in keys.chunks(keys.len().div_ceil(CLIENTS).max(1)) {
            let (part, asked) = (part.to_vec(), self.asked.clone());
            again.spawn(async move {
                let mut entries = Vec::new();
                for key in part {
                    // Where one is never answered, so are the others: each would wait as long.
                    if !asked.insist(&key, 0, &mut entries).await {
                        break;
                    }
                }
                entries
            });
        }
        history
            .entries
            .extend(again.join_all().await.into_iter().flatten());
        Aftermath { history, hang_ups }
    }
}

async fn be_a_client(
    asked: Asked,
    name: String,
    mut chance: StdRng,
    is_over: watch::Receiver<bool>,
) -> (Vec<Entry>, usize) {
    let (mut entries, mut hang_ups) = (Vec::new(), 0);
    let mut number = 0;
    while !*is_over.borrow() {
        let key = format!("{name}-{number}");
        number += 1;
        let server = asked.wanting_from(chance.random_range(0..asked.servers.len()));
        if chance.random_bool(HANG_UPS) {
            let patience = Duration::from_millis(chance.random_range(0..HANGS_UP_AFTER_MS));
            match timeout(patience, asked.ask(&key, server)).await {
                Ok(entry) => entries.push(entry),
                Err(_) => hang_ups += 1,
            }
        }
        if chance.random_bool(FROM_TWO_SIDES) {
            let other = asked.wanting_from(chance.random_range(0..asked.servers.len()));
            let (one, two) = tokio::join!(asked.ask(&key, server), asked.ask(&key, other));
            entries.extend([one, two]);
        }
        if !asked.insist(&key, server, &mut entries).await {
            break;
        }
    }
    (entries, hang_ups)
}

impl Asked {
    pub(crate) fn new(servers: Vec<Client>, list: &str, began: Instant) -> Self {
        Self {
            wanting: servers.iter().map(|_| AtomicBool::new(true)).collect(),
            servers: servers.into(),
            list: list.into(),
            began,
        }
    }

    /// The first server from this one on that wants requests.
    fn wanting_from(&self, server: usize) -> usize {
        let servers = (0..self.servers.len()).map(|more| (server + more) % self.servers.len());
        let wants = |server: &usize| {
            let wants = self.wanting.get(*server);
            wants.is_some_and(|wants| wants.load(Ordering::Relaxed))
        };
        servers.into_iter().find(wants).unwrap_or(server)
    }

    /// One request.
    pub(crate) async fn ask(&self, key: &str, server: usize) -> Entry {
        let asked_at = self.began.elapsed().as_micros();
        let answer = match self.servers.get(server) {
            Some(client) => {
                let path = format!("{}/allocations", self.list);
                ask(client, Method::POST, &path, Some(&json!({"user_id": key}))).await
            }
            None => None,
        };
        let said = answer.as_ref().and_then(|answer| {
            let code = answer.body.pointer("/coupon_code");
            let said = code.or_else(|| answer.body.pointer("/error/code"));
            said.and_then(Value::as_str).map(str::to_owned)
        });
        Entry {
            key: key.to_owned(),
            asked_at,
            answered_at: self.began.elapsed().as_micros(),
            status: answer.map_or(0, |answer| answer.status),
            said,
            server,
        }
    }

    /// The same request, of one server after the other, until it is answered otherwise than by "again". False if it never was.
    pub(crate) async fn insist(&self, key: &str, first: usize, entries: &mut Vec<Entry>) -> bool {
        let began = Instant::now();
        let mut server = first;
        while began.elapsed() < GIVE_UP {
            let entry = self.ask(key, server).await;
            // 408: a server that stood still takes its client for slow, and has done nothing.
            let is_final = !matches!(entry.status, 0 | 408 | 503);
            entries.push(entry);
            if is_final {
                return true;
            }
            server = self.wanting_from((server + 1) % self.servers.len());
            sleep(PAUSE).await;
        }
        // Seen by whoever judges.
        entries.push(Entry {
            key: key.to_owned(),
            asked_at: began.duration_since(self.began).as_micros(),
            answered_at: self.began.elapsed().as_micros(),
            status: 599,
            said: Some("never answered".to_owned()),
            server,
        });
        false
    }
}

/// An answer, whatever it is.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: Value,
}

/// `None` where none came.
pub(crate) async fn ask(client: &Client, method: Method, path: &str, body: Option<&Value>) -> Option<Answer> {
    let mut request = client.request(method, path);
    if let Some(body) = body {
        request = request.json(body);
    }
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    let retry_after = answer.headers().get("retry-after");
    let retry_after = retry_after
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let text = answer.text().await.ok()?;
    Some(Answer {
        status,
        retry_after,
        body: serde_json::from_str(&text).unwrap_or(Value::Null),
    })
}
