//! What a run leaves: the table, results.json, the plots.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
    process::Command,
    thread,
};

use askama::Template;
use serde::Serialize;

use crate::{plots, rows::Row, stand::database::Database};

#[derive(Serialize, Template)]
#[template(path = "results.md", escape = "none")]
pub(crate) struct Results {
    pub(crate) size: String,
    pub(crate) hardware: Hardware,
    pub(crate) rows: Vec<Row>,
}

/// What it was measured on.
#[derive(Serialize)]
pub(crate) struct Hardware {
    cores: usize,
    cpu: String,
    memory: String,
    kernel: String,
    postgresql: String,
    commit: String,
    day: String,
}

impl Results {
    /// Prints the table, too.
    pub(crate) fn write(&self, directory: &Path) -> anyhow::Result<()> {
        let page = self.render()? + "\n";
        io::stdout().write_all(page.as_bytes())?;
        fs::create_dir_all(directory)?;
        fs::write(directory.join("results.md"), page)?;
        let json = serde_json::to_string_pretty(self)? + "\n";
        fs::write(directory.join("results.json"), json)?;
        for (name, plot) in plots::all(&self.rows)? {
            fs::write(directory.join(name), plot)?;
        }
        Ok(())
    }
}

impl Hardware {
    pub(crate) async fn look(database: &mut Database) -> anyhow::Result<Self> {
        // With a mark if something has not been committed; empty outside of a repository.
        let git = Command::new("git")
            .args(["describe", "--always", "--dirty"])
            .output()?;
        let commit = String::from_utf8(git.stdout)?;
        Ok(Self {
            cores: thread::available_parallelism()?.get(),
            cpu: field("/proc/cpuinfo", "model name"),
            memory: field("/proc/meminfo", "MemTotal"),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?
                .trim()
                .to_owned(),
            postgresql: database.get("select current_setting('server_version')").await?,
            commit: commit.trim().to_owned(),
            day: database.get("select current_date::text").await?,
        })
    }
}

/// Absent on some machines.
fn field(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.split_once(':'));
    value.map_or("unknown", |(_, value)| value.trim()).to_owned()
}
