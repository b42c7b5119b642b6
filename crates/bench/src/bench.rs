//! One run: a server, its PostgreSQL, a file host, and the sections one after the other.

use std::{fs, path::Path, process::ExitCode, time::Duration};

use anyhow::Context as _;
use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep, timeout},
};

use crate::{
    arguments::{Run, Size},
    client::Client,
    codes,
    database::Database,
    file_host::FileHost,
    hardware::Hardware,
    report::{Results, say},
    rows::Row,
    scratch::Scratch,
    sections,
    server::{Binary, Server},
    wrk::Requests,
};

/// What every section may use. The order of the fields is the order in which they are ended.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) size: Size,
    pub(crate) rows: Vec<Row>,
    pub(crate) client: Client,
    pub(crate) database: Database,
    pub(crate) host: FileHost,
    pub(crate) binary: Binary,
    pub(crate) server: Server,
    /// So that no name is used twice.
    names: u32,
    pub(crate) scratch: Scratch,
}

/// The one file that most sections load.
pub(crate) const FILE: &str = "codes.csv";

pub(crate) async fn run(run: Run) -> anyhow::Result<ExitCode> {
    let size = run.size.size();
    let sections = sections::chosen(&run.only, size.name);
    let mut bench = Box::pin(Bench::start(&run, size)).await?;
    let hardware = Hardware::look(&mut bench.database).await?;
    let mut failed = false;
    for section in sections {
        let started = Instant::now();
        let measured = timeout(section.patience(), Box::pin(section.measure(&mut bench))).await;
        if let Err(error) = measured.context("it takes too long").flatten() {
            eprintln!("{section:?} failed: {error:#}");
            failed = true;
        }
        eprintln!("{section:?}: {:.0} s", started.elapsed().as_secs_f64());
    }
    let results = Results {
        size: format!("{:?}", size.name).to_lowercase(),
        hardware,
        rows: std::mem::take(&mut bench.rows),
    };
    say(&results.markdown())?;
    results.write(&run.out)?;
    for row in results.rows.iter().filter(|row| row.is_gross()) {
        let [what, measured, ..] = row.cells();
        eprintln!("grossly missed: {what}: {measured}");
        failed = true;
    }
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

impl Bench {
    async fn start(run: &Run, size: Size) -> anyhow::Result<Self> {
        let scratch = Scratch::make(&run.scratch, size.gigabytes)?;
        let files = scratch.path("files");
        fs::create_dir(&files)?;
        let host = FileHost::start(files).await?;
        let program = fs::canonicalize(&run.server).context("there is no server to measure")?;
        let binary = Binary::new(program, scratch.path("data"));
        let server = binary.start(None).await?;
        let bench = Self {
            size,
            rows: Vec::new(),
            client: Client::new(format!("http://{}", server.address), binary.authorization())?,
            database: Database::open(binary.database_url()?).await?,
            host,
            binary,
            server,
            names: 0,
            scratch,
        };
        bench.write_file(FILE, 0, size.codes).await?;
        Ok(bench)
    }

    pub(crate) fn add(&mut self, row: Row) {
        let [what, measured, compared, target, met] = row.cells();
        eprintln!("  {what}: {measured} [{compared}] {target} {met}");
        self.rows.push(row);
    }

    /// The value of a row that this run has measured.
    pub(crate) fn value(&self, key: &str) -> anyhow::Result<f64> {
        let row = self.rows.iter().find(|row| row.key == key);
        Ok(row.with_context(|| format!("{key} was not measured"))?.value)
    }

    /// Puts codes where the file host finds them.
    pub(crate) async fn write_file(&self, name: &str, first: u64, count: u64) -> anyhow::Result<()> {
        let path = self.scratch.path("files").join(name);
        Ok(spawn_blocking(move || codes::write(&path, first..first + count)).await??)
    }

    pub(crate) fn name(&mut self, start: &str) -> String {
        self.names += 1;
        format!("{start}-{}", self.names)
    }

    pub(crate) async fn new_list(&mut self) -> anyhow::Result<String> {
        let name = self.name("list");
        self.client.create_list(&name).await
    }

    /// A list with the codes of the file, and how long the load took.
    pub(crate) async fn loaded_list(&mut self) -> anyhow::Result<(String, Duration)> {
        let list = self.new_list().await?;
        let (took, _) = self
            .client
            .load(&list, &self.host.url(FILE), self.size.codes)
            .await?;
        Ok((list, took))
    }

    pub(crate) fn requests(&self) -> Requests {
        self.requests_to(self.client.base.clone())
    }

    /// The same to somebody else.
    pub(crate) fn requests_to(&self, base: String) -> Requests {
        Requests {
            base,
            authorization: self.client.authorization.clone(),
            script: self.scratch.path("wrk.lua"),
        }
    }

    pub(crate) fn file(&self) -> std::path::PathBuf {
        self.scratch.path("files").join(FILE)
    }

    /// Of blocks and their indexes, in bytes.
    pub(crate) async fn block_bytes(&mut self) -> anyhow::Result<i64> {
        let sql = "select sum(pg_total_relation_size(inhrelid))::bigint from pg_inherits where inhparent = 'block'::regclass";
        self.database.number(sql).await
    }

    /// A server on a PostgreSQL that runs already; how long until it was ready.
    pub(crate) async fn second_server(&self) -> anyhow::Result<Duration> {
        let started = Instant::now();
        let server = self.binary.start(Some(&self.database.url)).await?;
        until_ready(&server).await?;
        Ok(started.elapsed())
    }
}

async fn until_ready(server: &Server) -> anyhow::Result<()> {
    let client = Client::new(format!("http://{}", server.address), String::new())?;
    let deadline = Instant::now() + Duration::from_secs(60);
    while let Err(error) = client.get("/readyz").await {
        if Instant::now() > deadline {
            return Err(error);
        }
        sleep(Duration::from_millis(2)).await;
    }
    Ok(())
}

/// A second data directory, so that the server under measurement need not stop; how long until it was ready, each time.
pub(crate) async fn private_starts(binary: &Binary, data: &Path, times: usize) -> anyhow::Result<Vec<f64>> {
    let binary = binary.with_data(data.to_owned());
    drop(binary.start(None).await?);
    let mut took = Vec::new();
    for _ in 0..times {
        let started = Instant::now();
        let server = binary.start(None).await?;
        until_ready(&server).await?;
        took.push(started.elapsed().as_secs_f64());
    }
    Ok(took)
}
