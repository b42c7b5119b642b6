//! Requests that are nonsense, and clients that are slow, beside honest ones.

use std::{
    fs,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use chaos::nonsense::{Ids, Nonsense, Reply, exchange};
use demo::client::text;
use reqwest::Method;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
};

use super::{Run, Verdict, millis};
use crate::{server::Server, stand::Stand, storm::ask};

/// Requests between two looks at whether honest ones are served, and how many are under way at once.
const A_ROUND: usize = 1_000;
const AT_ONCE: usize = 16;
/// Whatever is sent, its answer does not take longer.
const WITHIN: Duration = Duration::from_secs(5);
/// What an honest request takes at most.
const HONEST_WITHIN: Duration = Duration::from_secs(1);
/// Connections that have sent half a head, at all times.
const HALF_HEADS: usize = 1_000;
/// What a server may have in memory at most, in KiB.
const MEMORY: u64 = 512 * 1024;

#[derive(Debug, Default)]
struct Found {
    requests: u64,
    /// By the first digit of the status; 0: closed without an answer.
    answers: [u64; 6],
    slowest: Duration,
    slowest_honest: Duration,
    memory: u64,
    violations: Vec<String>,
}

pub(super) async fn make(run: &Run) -> anyhow::Result<Vec<Verdict>> {
    let mut stand = run.stand().await?;
    let honest = stand.list_of(100_000).await?;
    let document = stand.insist(Method::GET, "/openapi.json", None).await?;
    let mut nonsense = Nonsense::new(&document, &Server::authorization(), run.seed);
    let half_heads = HalfHeads::begin(stand.servers.iter().map(Server::address).collect())?;
    let mut found = Found::default();
    while Instant::now() < run.bounds.until {
        nonsense.know(ids(&mut stand).await?);
        found.send_a_round(run, &stand, &mut nonsense).await?;
        found.ask_honestly(&stand, &honest).await;
    }
    let [closed, _, done, _, refused, failed] = found.answers;
    Ok(vec![Verdict::new(
        "G33",
        [
            ("routes", nonsense.routes() as u64),
            ("requests", found.requests),
            ("answered 2xx", done),
            ("answered 4xx", refused),
            ("answered 5xx", failed),
            ("closed without an answer", closed),
            ("ms to an answer, at most", millis(found.slowest)),
            ("half heads cut off", half_heads.end()),
            ("ms an honest request took, at most", millis(found.slowest_honest)),
            ("MiB of a server, at most", found.memory / 1024),
        ],
        found.violations,
    )])
}

impl Found {
    async fn send_a_round(
        &mut self,
        run: &Run,
        stand: &Stand,
        nonsense: &mut Nonsense,
    ) -> anyhow::Result<()> {
        let mut sent = JoinSet::new();
        for server in stand.servers.iter().cycle().take(A_ROUND) {
            if sent.len() == AT_ONCE
                && let Some(one) = sent.join_next().await
            {
                self.judge(run, one??)?;
            }
            let (address, request) = (server.address(), nonsense.next_request());
            sent.spawn(async move { exchange(address, &request).await.map(|reply| (request, reply)) });
        }
        while let Some(one) = sent.join_next().await {
            self.judge(run, one??)?;
        }
        Ok(())
    }

    fn judge(&mut self, run: &Run, (request, reply): (Vec<u8>, Reply)) -> anyhow::Result<()> {
        self.requests += 1;
        self.slowest = self.slowest.max(reply.took);
        let digit = usize::from(reply.status().unwrap_or_default() / 100);
        if let Some(answers) = self.answers.get_mut(digit.min(5)) {
            *answers += 1;
        }
        if let Some(why) = reply.violation(WITHIN) {
            let file = run.kept.join(format!("request-{}", self.requests));
            fs::write(&file, request)?;
            self.violations.push(format!("{}: {why}", file.display()));
        }
        Ok(())
    }

    async fn ask_honestly(&mut self, stand: &Stand, list: &str) {
        for (n, server) in stand.servers.iter().enumerate() {
            let began = Instant::now();
            let body = json!({"user_id": format!("honest {} {n}", self.requests)});
            let path = format!("{list}/allocations");
            let answer = ask(&server.client, Method::POST, &path, Some(&body)).await;
            let took = began.elapsed();
            self.slowest_honest = self.slowest_honest.max(took);
            let memory = server.peak_memory();
            self.memory = self.memory.max(memory);
            let status = answer.map(|answer| answer.status);
            if status != Some(201) || took > HONEST_WITHIN {
                self.violations.push(format!(
                    "an honest request was answered {status:?} after {took:?}"
                ));
            }
            if memory > MEMORY {
                self.violations.push(format!("a server has {memory} KiB"));
            }
        }
    }
}

/// Two lists to be harmed, and what is in one of them.
async fn ids(stand: &mut Stand) -> anyhow::Result<Ids> {
    let (list, spare) = (stand.list_of(1_000).await?, stand.list().await?);
    let post = async |path: &str, body: Value| {
        let path = format!("{list}/{path}");
        stand.insist(Method::POST, &path, Some(&body)).await
    };
    let held = json!({"user_id": "u", "request_id": list, "hold_seconds": 600});
    let allocation = post("allocations", held).await?;
    let token = post("pull-tokens", json!({"fallback": "F"})).await?;
    let action = post("bulk-actions", json!({"action": "confirm", "user_id": "u"})).await?;
    let files = stand.insist(Method::GET, &format!("{list}/files"), None).await?;
    let file = files.pointer("/data/0").unwrap_or(&Value::Null);
    let id = |of: &Value, key| anyhow::Ok(text(of, key)?.to_owned());
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    Ok([
        ("coupon_list_id", vec![last(&list), last(&spare)]),
        ("coupon_file_id", vec![id(file, "_id")?]),
        ("allocation_id", vec![id(&allocation, "_id")?]),
        ("code", vec![id(&allocation, "coupon_code")?]),
        ("user_id", vec!["u".to_owned(), "nobody".to_owned()]),
        ("token", vec![id(&token, "token")?]),
        ("token_id", vec![id(&token, "_id")?]),
        ("bulk_action_id", vec![id(&action, "_id")?]),
    ]
    .map(|(name, ids)| (name.to_owned(), ids))
    .into())
}

/// Connections that send half a head and wait, each opened anew when it is cut off.
struct HalfHeads {
    cut_off: Arc<AtomicU64>,
    _connections: JoinSet<()>,
}

impl HalfHeads {
    fn begin(servers: Vec<SocketAddr>) -> anyhow::Result<Self> {
        let limit = getrlimit(Resource::Nofile);
        let current = limit.maximum;
        setrlimit(Resource::Nofile, Rlimit { current, ..limit })?;
        let cut_off = Arc::<AtomicU64>::default();
        let mut connections = JoinSet::new();
        for server in servers.into_iter().cycle().take(HALF_HEADS) {
            let cut_off = cut_off.clone();
            connections.spawn(async move {
                while let Ok(mut connection) = TcpStream::connect(server).await {
                    let half = b"GET /v1/coupon-list HTTP/1.1\r\nHost: coup";
                    // One that is closed at once is as good.
                    connection.write_all(half).await.ok();
                    connection.read_to_end(&mut Vec::new()).await.ok();
                    cut_off.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        Ok(Self {
            cut_off,
            _connections: connections,
        })
    }

    fn end(self) -> u64 {
        self.cut_off.load(Ordering::Relaxed)
    }
}
