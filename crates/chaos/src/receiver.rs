//! Who is told that files have ended: an HTTP host that takes the call, refuses it, breaks it off, answers late or never.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::ensure;
use demo::client::Client;
use reqwest::Method;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::{Instant, sleep},
};

use crate::storm::ask;

/// How long a late answer takes.
const LATE: Duration = Duration::from_millis(1_500);
/// Longer than anybody waits for an answer.
const NEVER: Duration = Duration::from_secs(40);
/// How long a call, or what is shown within it, may take to come.
const PATIENCE: Duration = Duration::from_mins(2);
const SHOWN_WITHIN: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(5);

/// What becomes of a path's first call; each that comes later is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Take,
    Late,
    Refuse,
    BreakOff,
    Stall,
}

/// A call as it came.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    path: String,
    pub(crate) id: String,
    /// The file's status by the call, and as it is read within the call.
    pub(crate) told: Option<String>,
    pub(crate) shown: Option<String>,
    /// It was answered well.
    is_taken: bool,
}

/// Takes calls until it is dropped.
#[derive(Debug)]
pub(crate) struct Receiver {
    address: SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
    accepting: JoinHandle<()>,
}

impl Receiver {
    /// It reads files of these servers.
    pub(crate) async fn start(servers: Arc<[Client]>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let calls = Arc::<Mutex<Vec<Call>>>::default();
        let noted = calls.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (noted, servers) = (noted.clone(), servers.clone());
                tokio::spawn(async move { take(stream, &noted, &servers).await });
            }
        });
        Ok(Self {
            address,
            calls,
            accepting,
        })
    }

    /// Another URL for each number.
    pub(crate) fn url(&self, manner: Manner, number: u64) -> String {
        format!("http://{}{}", self.address, path(manner, number))
    }

    pub(crate) fn calls(&self, manner: Manner, number: u64) -> Vec<Call> {
        let path = path(manner, number);
        let calls = lock(&self.calls);
        calls.iter().filter(|call| call.path == path).cloned().collect()
    }

    /// Waits for a call to come.
    pub(crate) async fn called(&self, manner: Manner, number: u64) -> anyhow::Result<()> {
        self.until(manner, number, |_| true).await
    }

    /// And to be answered well.
    pub(crate) async fn taken(&self, manner: Manner, number: u64) -> anyhow::Result<()> {
        self.until(manner, number, |call| call.is_taken).await
    }

    async fn until(&self, manner: Manner, number: u64, is_so: impl Fn(&Call) -> bool) -> anyhow::Result<()> {
        let began = Instant::now();
        while !self.calls(manner, number).iter().any(&is_so) {
            ensure!(
                began.elapsed() < PATIENCE,
                "a callback does not come: {manner:?} {number}"
            );
            sleep(POLL).await;
        }
        Ok(())
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn path(manner: Manner, number: u64) -> String {
    format!("/{manner:?}/{number}")
}

fn lock(calls: &Mutex<Vec<Call>>) -> MutexGuard<'_, Vec<Call>> {
    calls.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A caller that goes away meanwhile is its own affair.
async fn take(stream: TcpStream, calls: &Mutex<Vec<Call>>, servers: &[Client]) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (call, file) = read(&mut stream).await?;
    let manner = call.path.split('/').nth(1).unwrap_or_default().to_owned();
    let (index, is_first) = {
        let mut calls = lock(calls);
        let is_first = calls.iter().all(|earlier| earlier.path != call.path);
        calls.push(call);
        (calls.len() - 1, is_first)
    };
    let shown = show(servers, &file).await;
    if let Some(call) = lock(calls).get_mut(index) {
        call.shown = shown;
    }
    let is = |of: Manner| is_first && manner == format!("{of:?}");
    if is(Manner::Stall) {
        sleep(NEVER).await;
        return Ok(());
    }
    if is(Manner::BreakOff) {
        return stream.get_ref().set_zero_linger();
    }
    if is(Manner::Late) {
        sleep(LATE).await;
    }
    let status = if is(Manner::Refuse) { "500 No" } else { "204 Yes" };
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).await?;
    if let Some(call) = lock(calls).get_mut(index) {
        call.is_taken = !is(Manner::Refuse);
    }
    Ok(())
}

/// The call, and the path of the file that it is about.
async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<(Call, String)> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line.trim().is_empty() {
            break;
        }
        head.push(line);
    }
    let header = |name: &str| {
        head.iter().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let length = header("content-length").and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or_default()];
    stream.read_exact(&mut body).await?;
    let body: Value = serde_json::from_slice(&body)?;
    let field = |name| body.get(name).and_then(Value::as_str);
    let list = field("coupons_list_id").unwrap_or_default();
    let file = field("_id").unwrap_or_default();
    let first = head.first().map(String::as_str).unwrap_or_default();
    let call = Call {
        path: first.split(' ').nth(1).unwrap_or_default().to_owned(),
        id: header("webhook-id").unwrap_or_default(),
        told: field("status").map(str::to_owned),
        shown: None,
        is_taken: false,
    };
    Ok((call, format!("/v1/coupon-list/{list}/files/{file}")))
}

/// The file's status, by whichever server lives.
async fn show(servers: &[Client], file: &str) -> Option<String> {
    let began = Instant::now();
    while began.elapsed() < SHOWN_WITHIN {
        for server in servers {
            let answer = ask(server, Method::GET, file, None).await;
            if let Some(answer) = answer
                && answer.status == 200
            {
                let status = answer.body.get("status").and_then(Value::as_str);
                return status.map(str::to_owned);
            }
        }
        sleep(POLL).await;
    }
    None
}
