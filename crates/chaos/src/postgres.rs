//! PostgreSQL servers of an experiment's own, in one directory, each a process that can be killed, stopped or copied.

mod copies;
mod programs;
mod session;
mod volume;

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::time::sleep;

use self::programs::{as_postgres, give_to_postgres, run};
pub use self::{session::Session, volume::Volume};

/// How long a server may take to start or to end.
const PATIENCE: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(10);

/// Where servers have their data, for as long as this lives.
#[derive(Debug)]
pub struct Place {
    directory: TempDir,
    programs: PathBuf,
}

/// A server, which ends when this is dropped.
#[derive(Debug)]
pub struct Postgres {
    data: PathBuf,
    programs: PathBuf,
    port: u16,
    settings: Vec<String>,
    running: Option<Child>,
    /// The disk that its data are on, if it has one of its own.
    volume: Option<Volume>,
}

impl Place {
    pub fn new() -> anyhow::Result<Self> {
        let mut directory = tempfile::Builder::new();
        directory
            .prefix("couponry-chaos.")
            .permissions(fs::Permissions::from_mode(0o755));
        let directory = directory.tempdir_in("/tmp")?;
        give_to_postgres(directory.path())?;
        Ok(Self {
            directory,
            programs: programs::find()?,
        })
    }

    /// A new cluster, not started yet. Only processes die here, never the machine, so nothing is flushed to the disk.
    pub fn cluster(&self, name: &str) -> anyhow::Result<Postgres> {
        let postgres = self.postgres(self.path_of(name))?;
        postgres.init()?;
        Ok(postgres)
    }

    /// The same on a disk of its own.
    pub fn cluster_on(&self, volume: Volume) -> anyhow::Result<Postgres> {
        let mut postgres = self.postgres(volume.directory().to_owned())?;
        postgres.volume = Some(volume);
        postgres.init()?;
        Ok(postgres)
    }

    fn path_of(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn postgres(&self, data: PathBuf) -> anyhow::Result<Postgres> {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        Ok(Postgres {
            data,
            programs: self.programs.clone(),
            port: free.local_addr()?.port(),
            settings: Vec::new(),
            running: None,
            volume: None,
        })
    }
}

impl Postgres {
    fn init(&self) -> anyhow::Result<()> {
        run(as_postgres(&self.programs.join("initdb"))
            .arg("--pgdata")
            .arg(&self.data)
            .args(["--username", "postgres", "--auth", "trust"])
            .args(["--locale", "C", "--encoding", "UTF8", "--no-sync"]))
    }

    pub fn volume(&self) -> Option<&Volume> {
        self.volume.as_ref()
    }

    /// A setting from the next start on, such as `synchronous_standby_names='*'`.
    pub fn set(&mut self, setting: &str) {
        self.settings.push(setting.to_owned());
    }

    /// Starts it, and waits until it answers.
    pub async fn start(&mut self) -> anyhow::Result<()> {
        let log = self.data.with_extension("log");
        let log = fs::OpenOptions::new().create(true).append(true).open(log)?;
        let mut command = as_postgres(&self.programs.join("postgres"));
        command.arg("-D").arg(&self.data);
        let port = self.port.to_string();
        let own = [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "fsync=off",
            "full_page_writes=off",
            "shared_buffers=64MB",
            "wal_keep_size=512MB",
            "max_connections=200",
            "jit=off",
        ];
        for setting in own.into_iter().chain(self.settings.iter().map(String::as_str)) {
            command.args(["-c", setting]);
        }
        command.args(["-p", &port]).stdout(Stdio::null()).stderr(log);
        self.running = Some(command.process_group(0).spawn()?);
        let started = Instant::now();
        while self.sql("select 1").is_err() {
            let child = self.running.as_mut().context("it is not running")?;
            ensure!(child.try_wait()?.is_none(), "PostgreSQL ended: {}", self.log());
            ensure!(
                started.elapsed() < PATIENCE,
                "PostgreSQL does not answer: {}",
                self.log()
            );
            sleep(POLL).await;
        }
        Ok(())
    }

    /// `kill -9` of the server and all its processes.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        let killed = self.signal(Signal::KILL)?;
        self.wait()?;
        // The next one does not start while one of these has its memory.
        while killed.iter().any(|process| is_alive(*process)) {
            sleep(POLL).await;
        }
        Ok(())
    }

    /// Ends it in order; what it has answered is in its data.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        let child = self.running.as_ref().context("it is not running")?;
        kill_process(Pid::from_child(child), Signal::INT)?;
        self.wait()
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> anyhow::Result<bool> {
        match &mut self.running {
            Some(child) => Ok(child.try_wait()?.is_some()),
            None => Ok(true),
        }
    }

    /// All its processes stand still, until [`Self::go_on`].
    pub fn stand_still(&self) -> anyhow::Result<()> {
        self.signal(Signal::STOP).map(|_| ())
    }

    pub fn go_on(&self) -> anyhow::Result<()> {
        self.signal(Signal::CONT).map(|_| ())
    }

    fn wait(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.running.take() {
            child.wait()?;
        }
        Ok(())
    }

    /// The processes that the server had.
    fn signal(&self, signal: Signal) -> anyhow::Result<Vec<Pid>> {
        let child = self.running.as_ref().context("it is not running")?;
        // Its processes have sessions of their own, so no group is all of them. It goes first: it starts no others then.
        let id = child.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"))?;
        kill_process(Pid::from_child(child), signal)?;
        let mut signalled = Vec::new();
        for child in children.split_ascii_whitespace() {
            if let Some(child) = Pid::from_raw(child.parse()?) {
                // One that has ended meanwhile is as good.
                _ = kill_process(child, signal);
                signalled.push(child);
            }
        }
        Ok(signalled)
    }

    /// What a statement answers, one value.
    pub fn sql(&self, statement: &str) -> anyhow::Result<String> {
        let mut psql = self.psql();
        let answer = psql.args(["--command", statement]).output()?;
        if !answer.status.success() {
            bail!("{statement}: {}", String::from_utf8_lossy(&answer.stderr));
        }
        Ok(String::from_utf8(answer.stdout)?.trim().to_owned())
    }

    fn psql(&self) -> Command {
        let beside = self.programs.join("psql");
        let mut psql = if beside.exists() {
            Command::new(beside)
        } else {
            Command::new("psql")
        };
        psql.args([
            "--no-psqlrc",
            "--quiet",
            "--tuples-only",
            "--no-align",
            "--dbname",
            &self.url(),
        ]);
        psql.env("PGCONNECT_TIMEOUT", "5").stdout(Stdio::piped());
        psql
    }

    pub fn url(&self) -> String {
        format!(
            "postgres://postgres@127.0.0.1:{}/postgres?sslmode=disable",
            self.port
        )
    }

    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    fn log(&self) -> String {
        let log = fs::read_to_string(self.data.with_extension("log")).unwrap_or_default();
        let last: Vec<&str> = log.lines().rev().take(10).collect();
        last.join(" | ")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if matches!(self.has_ended(), Ok(false)) {
            // One that stands still takes no signal but this.
            if let Err(error) = self.signal(Signal::KILL).and_then(|_| self.wait()) {
                eprintln!("cannot end PostgreSQL: {error}");
            }
        }
    }
}

/// One that nobody has waited for yet does not live.
fn is_alive(process: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", process.as_raw_nonzero()));
    status.is_ok_and(|status| !status.contains("State:\tZ"))
}
