//! What an experiment is made on: servers, one PostgreSQL behind a gate, a host of files.

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use chaos::{
    gate::Gate,
    postgres::{Place, Postgres},
};
use demo::{
    client::{number, text},
    codes::CodeFile,
    file_host::{self, FileHost},
};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::AsyncWriteExt as _,
    net::TcpStream,
    task::JoinHandle,
    time::{Instant, sleep},
};

use crate::{
    server::Server,
    storm::{Asked, ask},
};

/// How many servers work on the database.
const SERVERS: usize = 3;
/// How long whatever was broken may take to be well again before that is an error of the experiment.
const PATIENCE: Duration = Duration::from_mins(2);
const POLL: Duration = Duration::from_millis(20);

/// The order of the fields is the order in which they are ended.
#[derive(Debug)]
pub(crate) struct Stand {
    pub(crate) servers: Vec<Server>,
    pub(crate) gate: Gate,
    pub(crate) primary: Postgres,
    host: FileHost,
    pub(crate) place: Place,
    names: u32,
}

impl Stand {
    pub(crate) async fn start(
        program: &Path,
        logs: &Path,
        settings: &[(&'static str, &'static str)],
    ) -> anyhow::Result<Self> {
        let place = Place::new()?;
        let mut primary = place.cluster("primary")?;
        primary.start().await?;
        let gate = Gate::open(primary.address()).await?;
        let mut servers = Vec::with_capacity(SERVERS);
        for n in 0..SERVERS {
            let log = logs.join(format!("server-{n}.log"));
            let mut server = Server::new(program, &gate.url(), log, settings)?;
            server.start().await?;
            servers.push(server);
        }
        Ok(Self {
            servers,
            gate,
            primary,
            host: FileHost::start(send).await?,
            place,
            names: 0,
        })
    }

    /// A request that is repeated until it succeeds.
    pub(crate) async fn insist(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let began = Instant::now();
        loop {
            for server in &self.servers {
                let answer = ask(&server.client, method.clone(), path, body).await;
                if let Some(answer) = answer
                    && answer.status != 503
                {
                    ensure!(
                        answer.status < 300,
                        "{method} {path}: {} {}",
                        answer.status,
                        answer.body
                    );
                    return Ok(answer.body);
                }
            }
            ensure!(began.elapsed() < PATIENCE, "no answer to {method} {path}");
            sleep(POLL).await;
        }
    }

    /// A new list, by its path.
    pub(crate) async fn list(&mut self) -> anyhow::Result<String> {
        self.names += 1;
        let name = format!("list-{}", self.names);
        let list = json!({"name": name, "label": name, "expires_at": "2099-12-31", "created_by": "chaos"});
        let list = self.insist(Method::POST, "/v1/coupon-list", Some(&list)).await?;
        Ok(format!("/v1/coupon-list/{}", text(&list, "_id")?))
    }

    /// The path of a file of so many codes, from this number on, that is being loaded.
    pub(crate) async fn upload(&self, list: &str, first: u64, codes: u64) -> anyhow::Result<String> {
        let body = json!({"file_url": self.host.url(&format!("{first}-{codes}"))});
        let path = format!("{list}/files");
        let file = self.insist(Method::POST, &path, Some(&body)).await?;
        Ok(format!("{path}/{}", text(&file, "_id")?))
    }

    /// Waits for it; how many codes it added.
    pub(crate) async fn loaded(&self, file: &str) -> anyhow::Result<u64> {
        let began = Instant::now();
        loop {
            let found = self.insist(Method::GET, file, None).await?;
            match text(&found, "status")? {
                "SUCCESS" => return number(&found, "added_coupons"),
                "PENDING" if began.elapsed() < PATIENCE => sleep(POLL).await,
                _ => anyhow::bail!("a file came to {found}"),
            }
        }
    }

    pub(crate) async fn list_of(&mut self, codes: u64) -> anyhow::Result<String> {
        let list = self.list().await?;
        let file = self.upload(&list, 0, codes).await?;
        ensure!(self.loaded(&file).await? == codes, "not all codes were loaded");
        Ok(list)
    }

    /// Who is asked for codes of this list.
    pub(crate) fn asked(&self, list: &str) -> Asked {
        Asked {
            servers: self.servers.iter().map(|server| server.client.clone()).collect(),
            list: list.into(),
            began: Instant::now(),
        }
    }

    /// Waits until every server answers well.
    pub(crate) async fn until_well(&self) -> anyhow::Result<Duration> {
        let began = Instant::now();
        for server in &self.servers {
            while server.client.get("/readyz").await.is_err() {
                ensure!(began.elapsed() < PATIENCE, "a server does not get well again");
                sleep(POLL).await;
            }
        }
        Ok(began.elapsed())
    }

    pub(crate) async fn stock(&self, list: &str) -> anyhow::Result<Stock> {
        let stock = self.insist(Method::GET, &format!("{list}/stock"), None).await?;
        Stock::read(&stock).context("the stock cannot be read")
    }
}

/// Where a list's codes are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stock {
    pub(crate) total: u64,
    pub(crate) available: u64,
    pub(crate) allocated: u64,
    sum: u64,
}

impl Stock {
    fn read(stock: &Value) -> Option<Self> {
        let of = |key| stock.get(key).and_then(Value::as_u64);
        let parts = ["available", "held", "allocated", "disabled", "quarantined"].map(of);
        Some(Self {
            total: of("total")?,
            available: of("available")?,
            allocated: of("allocated")?,
            sum: parts.into_iter().sum::<Option<u64>>()?,
        })
    }
}

/// Looks at a list's stock again and again while something breaks.
#[derive(Debug)]
pub(crate) struct Auditor {
    task: JoinHandle<()>,
    found: Arc<Mutex<(u64, Vec<String>)>>,
}

impl Auditor {
    pub(crate) fn begin(asked: &Asked, total: u64) -> Self {
        let (asked, found) = (asked.clone(), Arc::<Mutex<(u64, Vec<String>)>>::default());
        let noted = found.clone();
        let task = tokio::spawn(async move {
            let path = format!("{}/stock", asked.list);
            loop {
                for client in asked.servers.iter() {
                    let Some(answer) = ask(client, Method::GET, &path, None).await else {
                        continue;
                    };
                    if let Some(stock) = Stock::read(&answer.body) {
                        let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
                        noted.0 += 1;
                        if stock.sum != stock.total || stock.total != total {
                            noted.1.push(format!("a stock does not add up: {}", answer.body));
                        }
                    }
                }
                sleep(Duration::from_millis(300)).await;
            }
        });
        Self { task, found }
    }

    /// How many stocks it saw, and what was wrong with them.
    pub(crate) fn end(self) -> (u64, Vec<String>) {
        self.task.abort();
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        (found.0, found.1.clone())
    }
}

/// A name is the number of the first code, and how many.
async fn send(name: String, mut stream: TcpStream) -> io::Result<()> {
    let numbers = name.split_once('-');
    let numbers = numbers.and_then(|(first, codes)| Some((first.parse().ok()?, codes.parse().ok()?)));
    let (first, codes) = numbers.ok_or(io::ErrorKind::NotFound)?;
    let file = CodeFile::new(first, codes, "\n");
    file_host::begin(&mut stream, file.bytes()).await?;
    for chunk in file.chunks() {
        stream.write_all(&chunk).await?;
    }
    stream.shutdown().await
}
