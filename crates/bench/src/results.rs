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

use crate::{
    plots,
    rows::Row,
    stand::{database::Database, server::proc_field},
};

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
        let mut git = Command::new("git");
        let commit = git.args(["describe", "--always", "--dirty"]).output()?.stdout;
        let unknown = || "unknown".to_owned();
        Ok(Self {
            cores: thread::available_parallelism()?.get(),
            // Absent on some machines.
            cpu: proc_field("cpuinfo", "model name").unwrap_or_else(unknown),
            memory: proc_field("meminfo", "MemTotal").unwrap_or_else(unknown),
            kernel: rustix::system::uname().release().to_string_lossy().into_owned(),
            postgresql: database.get("select current_setting('server_version')").await?,
            commit: String::from_utf8(commit)?.trim().to_owned(),
            day: database.get("select current_date::text").await?,
        })
    }
}
