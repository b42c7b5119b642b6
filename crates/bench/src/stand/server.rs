//! The server that is measured: the release build, as anybody would start it.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, ensure};
use demo::client::{Client, basic};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::time::{Duration, sleep, timeout};

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
    child: Child,
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
        let child = command.spawn().context("cannot start couponry")?;
        // From here on it is ended when this is dropped.
        let address = ([127, 0, 0, 1], 0).into();
        let mut server = Self { child, address };
        let address = timeout(Duration::from_mins(1), server.until_listening(&log)).await;
        server.address = address.context("couponry does not start")??;
        Ok(server)
    }

    async fn until_listening(&mut self, log: &Path) -> anyhow::Result<SocketAddr> {
        loop {
            if let Some(address) = address(log) {
                return Ok(address);
            }
            let said = || fs::read_to_string(log).unwrap_or_default();
            ensure!(self.child.try_wait()?.is_none(), "couponry ended: {}", said());
            sleep(Duration::from_millis(2)).await;
        }
    }

    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        Client::new(self.address, WORKSPACE, KEY, PATIENCE)
    }

    /// Megabytes of memory now; the peak is counted from here on.
    pub(crate) fn forget_peak(&self) -> anyhow::Result<f64> {
        fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5")?;
        self.memory("VmRSS")
    }

    pub(crate) fn peak(&self) -> anyhow::Result<f64> {
        self.memory("VmHWM")
    }

    fn memory(&self, field: &str) -> anyhow::Result<f64> {
        let size = proc_field(&format!("{}/status", self.child.id()), field);
        let size = size.context("no such field in /proc/PID/status")?;
        let kibibytes: f64 = size.trim_end_matches(" kB").parse()?;
        Ok(kibibytes * 1024.0 / 1e6)
    }
}

impl Drop for Server {
    /// Interrupts it, so that it ends its PostgreSQL, and waits; it bounds its own end.
    fn drop(&mut self) {
        // Whoever was waited for has its number no longer.
        if matches!(self.child.try_wait(), Ok(None)) {
            let interrupted = kill_process(Pid::from_child(&self.child), Signal::INT);
            if let Err(error) = interrupted.map_err(Into::into).and_then(|()| self.child.wait()) {
                eprintln!("cannot end couponry: {error}");
            }
        }
    }
}

/// Of a file in /proc that is lines of names and values.
pub(crate) fn proc_field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(Path::new("/proc").join(file)).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The log is JSON lines.
fn address(log: &Path) -> Option<SocketAddr> {
    let said = fs::read_to_string(log).ok()?;
    let line = said.lines().find(|line| line.contains("\"listening\""))?;
    let line: Value = serde_json::from_str(line).ok()?;
    line.get("address")?.as_str()?.parse().ok()
}
