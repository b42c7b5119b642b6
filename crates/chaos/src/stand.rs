//! What an experiment is made on: servers, one PostgreSQL behind a gate, a host of files.

use std::{io, path::Path, time::Duration};

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
    time::{Instant, sleep},
};

use crate::{
    server::{Server, Settings},
    stock::Stock,
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
    pub(crate) async fn start(program: &Path, logs: &Path, settings: &Settings) -> anyhow::Result<Self> {
        let place = Place::new()?;
        let primary = place.cluster("primary")?;
        Self::start_on(primary, place, program, logs, settings).await
    }

    /// The same on this PostgreSQL, which does not run yet.
    pub(crate) async fn start_on(
        mut primary: Postgres,
        place: Place,
        program: &Path,
        logs: &Path,
        settings: &Settings,
    ) -> anyhow::Result<Self> {
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
        self.list_with(json!({})).await
    }

    /// The same with more that is said of it.
    pub(crate) async fn list_with(&mut self, more: Value) -> anyhow::Result<String> {
        self.names += 1;
        let name = format!("list-{}", self.names);
        let mut list =
            json!({"name": name, "label": name, "expires_at": "2099-12-31", "created_by": "chaos"});
        if let (Some(list), Value::Object(mut more)) = (list.as_object_mut(), more) {
            list.append(&mut more);
        }
        let list = self.insist(Method::POST, "/v1/coupon-list", Some(&list)).await?;
        Ok(format!("/v1/coupon-list/{}", text(&list, "_id")?))
    }

    /// Where there is a file of so many codes, from this number on.
    pub(crate) fn url(&self, first: u64, codes: u64) -> String {
        self.host.url(&format!("{first}-{codes}"))
    }

    /// The path of such a file that is being loaded.
    pub(crate) async fn upload(&self, list: &str, first: u64, codes: u64) -> anyhow::Result<String> {
        self.upload_as(list, &json!({"file_url": self.url(first, codes)}))
            .await
    }

    pub(crate) async fn upload_as(&self, list: &str, body: &Value) -> anyhow::Result<String> {
        let path = format!("{list}/files");
        let file = self.insist(Method::POST, &path, Some(body)).await?;
        Ok(format!("{path}/{}", text(&file, "_id")?))
    }

    /// Waits for its end; the file.
    pub(crate) async fn ended(&self, file: &str) -> anyhow::Result<Value> {
        let began = Instant::now();
        loop {
            let found = self.insist(Method::GET, file, None).await?;
            if text(&found, "status")? != "PENDING" {
                return Ok(found);
            }
            ensure!(began.elapsed() < PATIENCE, "a file stays PENDING");
            sleep(POLL).await;
        }
    }

    /// Waits for it; how many codes it added.
    pub(crate) async fn loaded(&self, file: &str) -> anyhow::Result<u64> {
        let ended = self.ended(file).await?;
        ensure!(text(&ended, "status")? == "SUCCESS", "a file came to {ended}");
        number(&ended, "added_coupons")
    }

    pub(crate) async fn list_of(&mut self, codes: u64) -> anyhow::Result<String> {
        let list = self.list().await?;
        let file = self.upload(&list, 0, codes).await?;
        ensure!(self.loaded(&file).await? == codes, "not all codes were loaded");
        Ok(list)
    }

    /// Who is asked for codes of this list.
    pub(crate) fn asked(&self, list: &str) -> Asked {
        let servers = self.servers.iter().map(|server| server.client.clone());
        Asked::new(servers.collect(), list, Instant::now())
    }

    /// `kill -9` of all servers, and their start.
    pub(crate) async fn kill_servers(&mut self) -> anyhow::Result<()> {
        for server in &mut self.servers {
            server.kill()?;
        }
        for server in &mut self.servers {
            server.start().await?;
        }
        Ok(())
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
