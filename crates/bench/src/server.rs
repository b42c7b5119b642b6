//! The server that is measured: the release build, as anybody would start it.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::Context as _;
use base64::Engine as _;
use serde_json::Value;

use crate::process::Process;

/// The one workspace of the run.
const WORKSPACE: &str = "bench";

/// How servers are started.
#[derive(Debug, Clone)]
pub(crate) struct Binary {
    program: PathBuf,
    /// The data directory; the log is beside it.
    data: PathBuf,
    key: String,
}

#[derive(Debug)]
pub(crate) struct Server {
    process: Process,
    pub(crate) address: SocketAddr,
}

impl Binary {
    /// A server nobody else reaches for minutes: its key need not be a secret, but each run has its own.
    pub(crate) fn new(program: PathBuf, data: PathBuf) -> Self {
        let key = format!(
            "key-of-the-measurement-{}-{}",
            std::process::id(),
            data.as_os_str().len()
        );
        Self { program, data, key }
    }

    pub(crate) fn with_data(&self, data: PathBuf) -> Self {
        Self { data, ..self.clone() }
    }

    pub(crate) fn authorization(&self) -> String {
        let pair = format!("{WORKSPACE}:{}", self.key);
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
    }

    /// With a PostgreSQL of its own, durable as it makes it, unless there is a URL.
    pub(crate) async fn start(&self, database_url: Option<&str>) -> anyhow::Result<Server> {
        let log = self.data.with_extension(if database_url.is_some() {
            "second.log"
        } else {
            "log"
        });
        let mut command = Command::new(&self.program);
        command
            .arg("serve")
            .env_remove("DATABASE_URL")
            .env("COUPONRY_DATA_DIR", &self.data)
            .env("COUPONRY_LISTEN", "127.0.0.1:0")
            .env("COUPONRY_OUTBOUND_ALLOW", "127.0.0.1")
            .env("COUPONRY_RATE_LIMITS", "off")
            .env("COUPONRY_BOOTSTRAP_WORKSPACE_ID", WORKSPACE)
            .env("COUPONRY_BOOTSTRAP_API_KEY", &self.key)
            .stdin(Stdio::null())
            .stderr(File::create(&log)?);
        if let Some(url) = database_url {
            command.env("DATABASE_URL", url);
        }
        let mut process = Process::start("couponry", &mut command)?;
        let address = process.until(|| address(&log)).await;
        let address = address.with_context(|| fs::read_to_string(&log).unwrap_or_default())?;
        Ok(Server { process, address })
    }

    /// The socket of the private PostgreSQL, as the postmaster wrote it down.
    pub(crate) fn database_url(&self) -> anyhow::Result<String> {
        let written = fs::read_to_string(self.data.join("postgres/postmaster.pid"))?;
        let socket = written.lines().nth(4).context("postmaster.pid names no socket")?;
        Ok(format!(
            "postgres:///postgres?host={}&user=postgres",
            socket.replace('/', "%2F")
        ))
    }
}

/// The log is JSON lines.
fn address(log: &Path) -> Option<SocketAddr> {
    let said = fs::read_to_string(log).ok()?;
    let line = said.lines().find(|line| line.contains("\"listening\""))?;
    let line: Value = serde_json::from_str(line).ok()?;
    line.get("address")?.as_str()?.parse().ok()
}

impl Server {
    /// Megabytes of memory now; the peak is counted from here on.
    pub(crate) fn forget_peak(&self) -> anyhow::Result<f64> {
        fs::write(format!("/proc/{}/clear_refs", self.process.id()), "5")?;
        self.memory("VmRSS:")
    }

    pub(crate) fn peak(&self) -> anyhow::Result<f64> {
        self.memory("VmHWM:")
    }

    fn memory(&self, field: &str) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let kibibytes = line.and_then(|line| line.split_whitespace().next());
        let kibibytes: f64 = kibibytes.context("no such field in /proc/PID/status")?.parse()?;
        Ok(kibibytes * 1024.0 / 1e6)
    }
}

/// How long any one request of ours may take.
pub(crate) const PATIENCE: Duration = Duration::from_mins(10);
