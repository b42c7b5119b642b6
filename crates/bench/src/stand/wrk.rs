//! The load generator: wrk, driven by small Lua scripts that cost it as little as possible.

use std::{
    io::Write as _,
    net::SocketAddr,
    process::Stdio,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

use anyhow::{Context as _, ensure};
use askama::Template;
use serde::Deserialize;
use tempfile::NamedTempFile;
use tokio::process::Command;

use super::server::authorization;

/// What one run came to; a second, and in milliseconds.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Load {
    pub(crate) requests: f64,
    pub(crate) rate: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// Answers of 400 and above, connections that broke, and answers that did not come.
    failed: u64,
}

/// What each request is for. Users and the lists they are for change from request to request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Single,
    /// A thousand codes.
    Batch,
    /// What is at the path.
    Read,
}

#[derive(Template)]
#[template(path = "wrk.lua", escape = "none")]
struct Script<'a> {
    kind: Kind,
    address: SocketAddr,
    authorization: String,
    /// Of lists, or of what is read; in turn.
    paths: &'a [String],
    run: u32,
}

/// So that no user is asked for twice.
static RUNS: AtomicU32 = AtomicU32::new(0);

/// So many requests at a time, for so many seconds.
pub(crate) async fn run(
    kind: Kind,
    address: SocketAddr,
    paths: &[String],
    connections: u64,
    seconds: u64,
) -> anyhow::Result<Load> {
    let script = Script {
        kind,
        address,
        authorization: authorization(),
        paths,
        run: RUNS.fetch_add(1, Relaxed),
    };
    let mut file = NamedTempFile::new()?;
    file.write_all(script.render()?.as_bytes())?;
    let (connections, seconds) = (format!("-c{connections}"), format!("-d{seconds}s"));
    let mut wrk = Command::new("wrk");
    wrk.args(["-t1", "--timeout=10s", &connections, &seconds, "-s"]);
    wrk.arg(file.path()).arg(format!("http://{address}"));
    wrk.stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true);
    let ended = wrk.output().await.context("cannot start wrk")?;
    let said = String::from_utf8_lossy(&ended.stdout);
    let line = said.lines().find(|line| line.starts_with('{'));
    let line = line.with_context(|| format!("wrk said {said}"))?;
    let load: Load = serde_json::from_str(line)?;
    let all_well = load.failed == 0 && load.requests >= 1.0;
    ensure!(all_well, "under load not every request was answered well: {line}");
    Ok(load)
}
