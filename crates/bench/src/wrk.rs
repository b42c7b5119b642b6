//! The load generator: wrk, driven by small Lua scripts that cost it as little as possible.

use std::{fs, path::PathBuf, process::Stdio, time::Duration};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use tokio::{process::Command, time::timeout};

/// What one run came to; times are in microseconds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Load {
    pub(crate) requests: f64,
    duration: f64,
    /// Answers of 400 and above.
    refused: u64,
    /// Connections that broke, and answers that did not come.
    broken: u64,
    p50: f64,
    p99: f64,
}

impl Load {
    pub(crate) fn rate(&self) -> f64 {
        self.requests / self.duration * 1e6
    }

    pub(crate) fn p50_ms(&self) -> f64 {
        self.p50 / 1e3
    }

    pub(crate) fn p99_ms(&self) -> f64 {
        self.p99 / 1e3
    }
}

/// Prints one line that needs no guessing.
const DONE: &str = r#"
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('\n{"requests":%d,"duration":%d,"refused":%d,"broken":%d,"p50":%d,"p99":%d}\n',
    summary.requests, summary.duration, e.status, e.connect + e.read + e.write + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"#;

/// Requests of one kind to one server.
#[derive(Debug, Clone)]
pub(crate) struct Requests {
    pub(crate) base: String,
    pub(crate) authorization: String,
    /// Where the scripts are written to.
    pub(crate) script: PathBuf,
}

impl Requests {
    /// One code a request, each for another user; the lists in turn.
    pub(crate) async fn single(
        &self,
        lists: &[String],
        connections: u64,
        seconds: u64,
        prefix: &str,
    ) -> anyhow::Result<Load> {
        let heads = self.heads(lists, "/allocations");
        let request = format!(
            r#"{heads}
request = function()
  n = n + 1
  local body = '{{"user_id":"{prefix}' .. n .. '"}}'
  return heads[n % #heads + 1] .. #body .. '\r\n\r\n' .. body
end"#
        );
        self.run(&request, connections, seconds).await
    }

    /// A thousand codes a request.
    pub(crate) async fn batches(
        &self,
        list: &str,
        connections: u64,
        seconds: u64,
        prefix: &str,
    ) -> anyhow::Result<Load> {
        let heads = self.heads(&[list.to_owned()], "/allocations/batch");
        let request = format!(
            r#"{heads}
request = function()
  n = n + 1
  local lines = {{}}
  for i = 1, 1000 do lines[i] = '{{"user_id":"{prefix}' .. n .. '-' .. i .. '"}}' end
  local body = '{{"recipients":[' .. table.concat(lines, ',') .. ']}}'
  return heads[1] .. #body .. '\r\n\r\n' .. body
end"#
        );
        self.run(&request, connections, seconds).await
    }

    /// What is at the paths, in turn, over one connection.
    pub(crate) async fn reads(&self, paths: &[String], seconds: u64) -> anyhow::Result<Load> {
        let requests = self.table("GET", paths, "", "\\r\\n\\r\\n");
        let request = format!(
            "local n, requests = 0, {requests}\nrequest = function() n = n + 1; return requests[n % #requests + 1] end"
        );
        self.run(&request, 1, seconds).await
    }

    /// All of a request up to the length of its body.
    fn heads(&self, paths: &[String], end: &str) -> String {
        let table = self.table(
            "POST",
            paths,
            end,
            "\\r\\nContent-Type: application/json\\r\\nContent-Length: ",
        );
        format!("local n, heads = 0, {table}")
    }

    fn table(&self, method: &str, paths: &[String], end: &str, rest: &str) -> String {
        let host = self.base.trim_start_matches("http://");
        let entries: Vec<String> = paths
            .iter()
            .map(|path| {
                let authorization = &self.authorization;
                format!("'{method} {path}{end} HTTP/1.1\\r\\nHost: {host}\\r\\nAuthorization: {authorization}{rest}'")
            })
            .collect();
        format!("{{{}}}", entries.join(",\n"))
    }

    async fn run(&self, request: &str, connections: u64, seconds: u64) -> anyhow::Result<Load> {
        fs::write(&self.script, format!("{request}\n{DONE}"))?;
        let mut command = Command::new("wrk");
        command
            .arg("-t1")
            .arg(format!("-c{connections}"))
            .arg(format!("-d{seconds}s"))
            .arg("--timeout=10s")
            .arg("-s")
            .arg(&self.script)
            .arg(&self.base)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let ended = timeout(Duration::from_secs(seconds + 30), command.output()).await;
        let ended = ended.context("wrk does not end")?.context("cannot start wrk")?;
        let said = String::from_utf8_lossy(&ended.stdout).into_owned();
        let line = said.lines().find(|line| line.starts_with('{'));
        let line =
            line.with_context(|| format!("wrk said {said}{}", String::from_utf8_lossy(&ended.stderr)))?;
        let load: Load = serde_json::from_str(line)?;
        if load.refused > 0 || load.broken > 0 || load.requests < 1.0 {
            bail!("under load not every request was answered well: {line}");
        }
        Ok(load)
    }
}
