//! The server that is measured: the release build, as anybody would start it.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::Context as _;
use demo::client::{Client, basic};
use serde_json::Value;

use super::process::Process;

/// How long any one request of ours may take.
pub(crate) const PATIENCE: Duration = Duration::from_mins(10);
/// The one workspace of the run.
const WORKSPACE: &str = "bench";
/// Nobody else reaches the server in its few minutes, so this need not be a secret.
const KEY: &str = "key-of-the-measurement";

/// What stands after `Authorization:`.
pub(crate) fn authorization() -> String {
    basic(WORKSPACE, KEY)
}

#[derive(Debug)]
pub(crate) struct Server {
    process: Process,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// With a PostgreSQL of its own, durable as it makes it, unless there is a URL. The log is beside the data.
    pub(crate) async fn start(program: &Path, data: &Path, database: Option<&str>) -> anyhow::Result<Self> {
        let log = data.with_extension(database.map_or("log", |_| "second.log"));
        let mut command = Command::new(program);
        command
            .arg("serve")
            .env_remove("DATABASE_URL")
            .envs(database.map(|url| ("DATABASE_URL", url)))
            .env("COUPONRY_DATA_DIR", data)
            .env("COUPONRY_LISTEN", "127.0.0.1:0")
            .env("COUPONRY_OUTBOUND_ALLOW", "127.0.0.1")
            .env("COUPONRY_RATE_LIMITS", "off")
            .env("COUPONRY_BOOTSTRAP_WORKSPACE_ID", WORKSPACE)
            .env("COUPONRY_BOOTSTRAP_API_KEY", KEY)
            .stdin(Stdio::null())
            .stderr(File::create(&log)?);
        let mut process = Process::start("couponry", &mut command)?;
        let address = process.until(|| address(&log)).await;
        let address = address.with_context(|| fs::read_to_string(&log).unwrap_or_default())?;
        Ok(Self { process, address })
    }

    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        Client::new(self.address, WORKSPACE, KEY, PATIENCE)
    }

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

/// The log is JSON lines.
fn address(log: &Path) -> Option<SocketAddr> {
    let said = fs::read_to_string(log).ok()?;
    let line = said.lines().find(|line| line.contains("\"listening\""))?;
    let line: Value = serde_json::from_str(line).ok()?;
    line.get("address")?.as_str()?.parse().ok()
}
