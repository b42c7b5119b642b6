//! What is started for a run: a server, its PostgreSQL, a host of files, the load generator. And what every section does
//! with them.

pub(crate) mod database;
pub(crate) mod server;
pub(crate) mod size;
mod stream;
pub(crate) mod wrk;

use std::{
    fs::{self, File, Permissions},
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use demo::{
    client::{Client, number, text},
    codes::CodeFile,
    file_host::{self, FileHost},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncWriteExt as _, BufReader, copy_buf},
    net::TcpStream,
    task::spawn_blocking,
    time::{Duration, Instant},
};

pub(crate) use self::wrk::Kind;
use self::{database::Database, server::Server, size::Size};
use crate::rows::Rows;

/// The one file that most sections load.
pub(crate) const FILE: &str = "codes.csv";
/// How often it is asked whether something is done.
pub(crate) const POLL: Duration = Duration::from_millis(10);
/// Of a code and its line feed.
pub(crate) const LINE_BYTES: u64 = 13;

/// What every section may use, and where it leaves what it measured. The order of the fields is the order in which they
/// are ended.
#[derive(Debug)]
pub(crate) struct Stand {
    pub(crate) size: Size,
    pub(crate) rows: Rows,
    pub(crate) client: Client,
    pub(crate) database: Database,
    host: FileHost,
    pub(crate) program: PathBuf,
    pub(crate) server: Server,
    /// So that no name is used twice.
    names: u32,
    scratch: TempDir,
}

impl Stand {
    pub(crate) async fn start(program: &Path, under: &Path, size: Size) -> anyhow::Result<Self> {
        let scratch = make_scratch(under, size.gigabytes)?;
        let files = scratch.path().to_owned();
        let host = FileHost::start(move |name, stream| send(files.join(name), stream)).await?;
        let program = fs::canonicalize(program).context("there is no server to measure")?;
        let data = scratch.path().join("data");
        let server = Server::start(&program, &data, None).await?;
        let stand = Self {
            size,
            rows: Rows::new()?,
            client: server.client()?,
            database: Database::open(&data).await?,
            host,
            program,
            server,
            names: 0,
            scratch,
        };
        stand.write_file(FILE, 0, size.codes).await?;
        Ok(stand)
    }

    /// A sample of a figure, and the notes for the texts of its row.
    pub(crate) fn add(&mut self, key: &str, sample: f64, notes: &[String]) -> anyhow::Result<()> {
        self.rows.add(key, sample, notes)
    }

    /// In the directory that is there for the time of the run.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// Puts codes where the file host finds them.
    pub(crate) async fn write_file(&self, name: &str, first: u64, count: u64) -> anyhow::Result<()> {
        let path = self.path(name);
        let written = spawn_blocking(move || {
            let mut file = File::create(path)?;
            let mut chunks = CodeFile::new(first, count, "\n").chunks();
            chunks.try_for_each(|chunk| file.write_all(&chunk))
        });
        Ok(written.await??)
    }

    /// The path of a new list.
    pub(crate) async fn new_list(&mut self) -> anyhow::Result<String> {
        self.names += 1;
        let name = format!("list-{}", self.names);
        self.client.create_list(&name, &name).await
    }

    /// A list with the codes of the file, and how many seconds the load took.
    pub(crate) async fn loaded_list(&mut self) -> anyhow::Result<(String, f64)> {
        let list = self.new_list().await?;
        let (took, _) = self.load(&list, FILE, self.size.codes).await?;
        Ok((list, took))
    }

    /// Asks for a file to be loaded and waits until it is; how many seconds that took, and the file's path.
    pub(crate) async fn load(&self, list: &str, name: &str, added: u64) -> anyhow::Result<(f64, String)> {
        let started = Instant::now();
        let path = self.client.upload(list, &self.host.url(name)).await?;
        let file = self.client.until_done(&path, POLL).await?;
        let took = started.elapsed().as_secs_f64();
        let is_loaded = text(&file, "status")? == "SUCCESS" && number(&file, "added_coupons")? == added;
        ensure!(is_loaded, "{name} came to {file}, not to {added} codes");
        Ok((took, path))
    }

    /// So many codes by one NDJSON request; how many seconds it took.
    pub(crate) async fn stream(&mut self, list: &str, query: &str, lines: u64) -> anyhow::Result<f64> {
        self.names += 1;
        let path = format!("{list}/allocations/batch{query}");
        let started = Instant::now();
        let codes = stream::codes(&self.client, &path, &format!("n-{}-", self.names), lines).await?;
        let took = started.elapsed().as_secs_f64();
        ensure!(codes == lines, "{lines} lines were answered by {codes} codes");
        Ok(took)
    }
}

/// A directory that is removed when it is dropped.
fn make_scratch(under: &Path, gigabytes: u64) -> anyhow::Result<TempDir> {
    let here = under.display();
    let space = rustix::fs::statvfs(under).with_context(|| format!("cannot use {here}"))?;
    let free = space.f_bavail * space.f_frsize / 1_000_000_000;
    ensure!(
        free >= gigabytes,
        "this run may need {gigabytes} GB, and {here} has {free} GB; set COUPONRY_BENCH_DIR to a place with more"
    );
    // As root, PostgreSQL runs as another user, who must come to its data.
    let everybody = Permissions::from_mode(0o755);
    let mut scratch = tempfile::Builder::new();
    scratch.prefix("couponry-bench-").permissions(everybody);
    Ok(scratch.tempdir_in(under)?)
}

/// Only our own server asks, and only for what is there.
async fn send(path: PathBuf, mut stream: TcpStream) -> io::Result<()> {
    let file = tokio::fs::File::open(path).await?;
    file_host::begin(&mut stream, file.metadata().await?.len()).await?;
    copy_buf(&mut BufReader::with_capacity(1 << 18, file), &mut stream).await?;
    stream.shutdown().await
}
