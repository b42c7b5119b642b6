//! What it was measured on.

use std::{fs, process::Command, thread};

use serde::{Deserialize, Serialize};

use crate::database::Database;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Hardware {
    cores: usize,
    cpu: String,
    memory: String,
    kernel: String,
    postgresql: String,
    commit: String,
    day: String,
}

impl Hardware {
    pub(crate) async fn look(database: &mut Database) -> anyhow::Result<Self> {
        Ok(Self {
            cores: thread::available_parallelism()?.get(),
            cpu: field("/proc/cpuinfo", "model name"),
            memory: field("/proc/meminfo", "MemTotal"),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?
                .trim()
                .to_owned(),
            postgresql: database.text("select current_setting('server_version')").await?,
            commit: commit(),
            day: database.text("select current_date::text").await?,
        })
    }

    pub(crate) fn sentence(&self) -> String {
        let Self {
            cores,
            cpu,
            memory,
            kernel,
            postgresql,
            commit,
            day,
        } = self;
        format!(
            "{day}, commit {commit}: {cores} cores ({cpu}), {memory}, Linux {kernel}, PostgreSQL {postgresql}."
        )
    }
}

/// Absent on some machines.
fn field(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name));
    let value = line
        .and_then(|line| line.split_once(':'))
        .map(|(_, value)| value.trim());
    value.unwrap_or("unknown").to_owned()
}

/// With a mark if something has not been committed.
fn commit() -> String {
    let told = Command::new("git")
        .args(["describe", "--always", "--dirty"])
        .output();
    let told = told.map(|told| String::from_utf8_lossy(&told.stdout).trim().to_owned());
    told.ok()
        .filter(|told| !told.is_empty())
        .unwrap_or_else(|| "unknown".to_owned())
}
