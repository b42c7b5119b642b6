//! A server process: the release build, on an address that it keeps over its deaths.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use demo::client::{Client, basic};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::sleep;

const WORKSPACE: &str = "chaos";
/// Nobody else reaches the server, so this need not be a secret.
const KEY: &str = "key-of-the-experiment";
/// How long one request may take: whoever gets no answer by then counts as a violation where an answer was promised.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a server may take to start or to end.
const START: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(5);

/// Variables that differ from those of every server here.
pub(crate) type Settings = Vec<(&'static str, String)>;

#[derive(Debug)]
pub(crate) struct Server {
    program: PathBuf,
    database: String,
    log: PathBuf,
    pub(crate) client: Client,
    address: SocketAddr,
    settings: Settings,
    child: Option<Child>,
}

impl Server {
    pub(crate) fn new(
        program: &Path,
        database: &str,
        log: PathBuf,
        settings: &Settings,
    ) -> anyhow::Result<Self> {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = free.local_addr()?;
        Ok(Self {
            program: fs::canonicalize(program).context("there is no server to break")?,
            database: database.to_owned(),
            log,
            client: Client::new(address, WORKSPACE, KEY, PATIENCE)?,
            address,
            settings: settings.clone(),
            child: None,
        })
    }

    /// Starts it, and waits until it may be asked; how long that took.
    pub(crate) async fn start(&mut self) -> anyhow::Result<Duration> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let child = Command::new(&self.program)
            .arg("serve")
            .env_clear()
            .env("DATABASE_URL", &self.database)
            .env("COUPONRY_LISTEN", self.address.to_string())
            .env("COUPONRY_OUTBOUND_ALLOW", "127.0.0.1")
            .env("COUPONRY_RATE_LIMITS", "off")
            .env("COUPONRY_BOOTSTRAP_WORKSPACE_ID", WORKSPACE)
            .env("COUPONRY_BOOTSTRAP_API_KEY", KEY)
            .env("COUPONRY_JOB_LEASE_SECONDS", "2")
            .envs(self.settings.iter().cloned())
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()?;
        self.child = Some(child);
        let began = Instant::now();
        while self.client.get("/readyz").await.is_err() {
            let ended = self.child.as_mut().and_then(|child| child.try_wait().transpose());
            ensure!(ended.is_none(), "the server ended: see {}", self.log.display());
            ensure!(began.elapsed() < START, "the server does not get ready");
            sleep(POLL).await;
        }
        Ok(began.elapsed())
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// SIGTERM, and what follows: how long it took to end by itself.
    pub(crate) async fn end(&mut self) -> anyhow::Result<Duration> {
        self.signal(Signal::TERM)?;
        let began = Instant::now();
        let child = self.child.as_mut().context("the server does not run")?;
        let ended = loop {
            match child.try_wait()? {
                Some(ended) => break ended,
                None => sleep(POLL).await,
            }
            ensure!(began.elapsed() < START, "the server does not end");
        };
        ensure!(ended.success(), "the server ended with {ended}");
        self.child = None;
        Ok(began.elapsed())
    }

    /// The process stands still, until [`Self::go_on`].
    pub(crate) fn stand_still(&self) -> anyhow::Result<()> {
        self.signal(Signal::STOP)
    }

    pub(crate) fn go_on(&self) -> anyhow::Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let child = self.child.as_ref().context("the server does not run")?;
        Ok(kill_process(Pid::from_child(child), signal)?)
    }

    /// A command of the program on the same database; what it printed.
    pub(crate) fn command(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let done = Command::new(&self.program)
            .args(arguments)
            .env_clear()
            .env("DATABASE_URL", &self.database)
            .stdin(Stdio::null())
            .output()?;
        ensure!(
            done.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        Ok(String::from_utf8(done.stdout)?)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What opens the door of every server here.
    pub(crate) fn authorization() -> String {
        basic(WORKSPACE, KEY)
    }

    /// The most that it ever had in memory, in KiB; 0 if it does not run.
    pub(crate) fn peak_memory(&self) -> u64 {
        let process = self.child.as_ref().map_or(0, Child::id);
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = peak.and_then(|text| text.trim().strip_suffix(" kB")?.parse().ok());
        kib.unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            eprintln!("cannot end a server: {error}");
        }
    }
}
