//! A PostgreSQL of our own, for whoever has none: under the data directory, behind a Unix socket that only its user
//! may enter, alive exactly as long as this process.

mod account;
mod client_programs;
mod cluster;
mod directory;
mod previous;
mod programs;
mod ready;
mod server;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail};
use secrecy::SecretString;
use tokio::time::{Instant, sleep};

use account::Account;
pub(crate) use client_programs::ClientProgram;
use directory::{Directory, Lock, SOCKET_NAME};
use programs::Programs;
use server::Server;

/// Crash recovery replays at most `max_wal_size`; slower than this is a fault that a person should see.
const START: Duration = Duration::from_mins(10);

#[derive(Debug)]
pub(crate) struct PrivatePostgres {
    directory: Directory,
    server: Server,
    _lock: Lock,
}

impl PrivatePostgres {
    /// Starts it, making its data directory first if need be; an error when another couponry has the directory.
    pub(crate) async fn start(data_dir: Option<&Path>, bin_dir: Option<&Path>) -> anyhow::Result<Self> {
        let directory = Directory::open(data_dir)?;
        let Some(lock) = directory.lock()? else {
            bail!(
                "another couponry runs on {}; stop it, or give this one another COUPONRY_DATA_DIR",
                directory.root().display()
            );
        };
        let programs = Programs::find(bin_dir, &directory.cluster())?;
        let account = Account::choose()?;
        directory.prepare(account)?;
        previous::wait_until_gone(&directory.cluster()).await?;
        let making = (directory.clone(), programs.clone());
        tokio::task::spawn_blocking(move || cluster::make_if_absent(&making.0, &making.1, account))
            .await
            .context("initdb was interrupted")??;
        let private = Self {
            server: Server::start(&directory, &programs, account)?,
            directory,
            _lock: lock,
        };
        private.until_ready().await?;
        Ok(private)
    }

    /// The URL of the one that another couponry on this data directory has started, if there is one.
    pub(crate) async fn running(data_dir: Option<&Path>) -> anyhow::Result<Option<SecretString>> {
        let directory = Directory::open(data_dir)?;
        if directory.lock()?.is_some() || !ready::is_ready(&directory.sockets().join(SOCKET_NAME)).await {
            return Ok(None);
        }
        Ok(Some(url(&directory)))
    }

    /// Whether there is a data directory to start it on. Makes nothing.
    pub(crate) fn has_data(data_dir: Option<&Path>) -> anyhow::Result<bool> {
        Ok(Self::data_directory(data_dir)?.join("PG_VERSION").exists())
    }

    /// PostgreSQL's own directory, made or not.
    pub(crate) fn data_directory(data_dir: Option<&Path>) -> anyhow::Result<PathBuf> {
        directory::cluster_in(data_dir)
    }

    /// What `start` would need and cannot get.
    pub(crate) fn check(data_dir: Option<&Path>, bin_dir: Option<&Path>) -> anyhow::Result<()> {
        let directory = Directory::open(data_dir)?;
        Programs::find(bin_dir, &directory.cluster())?;
        Account::choose()?.check_reach(directory.root())
    }

    pub(crate) fn url(&self) -> SecretString {
        url(&self.directory)
    }

    /// Resolves with the reason when PostgreSQL is gone for good.
    pub(crate) async fn ended(&self) -> String {
        self.server.ended().await
    }

    /// Sessions that are still open lose their connection.
    pub(crate) async fn stop(self) {
        self.server.stop().await;
    }

    async fn until_ready(&self) -> anyhow::Result<()> {
        let socket = self.directory.sockets().join(SOCKET_NAME);
        let started = Instant::now();
        let mut said = started;
        let mut pause = Duration::from_millis(10);
        while !ready::is_ready(&socket).await {
            if let Some(reason) = self.server.has_ended() {
                bail!(
                    "the private PostgreSQL does not start ({reason}){}",
                    self.last_words()
                );
            }
            if started.elapsed() > START {
                bail!(
                    "the private PostgreSQL is not ready after {START:?}{}",
                    self.last_words()
                );
            }
            if said.elapsed() > Duration::from_secs(10) {
                said = Instant::now();
                tracing::info!(
                    seconds = started.elapsed().as_secs(),
                    "waiting for the private PostgreSQL; after a crash it recovers first"
                );
            }
            // Each refused session is a line in its log.
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(500));
        }
        tracing::info!(directory = %self.directory.root().display(), "the private PostgreSQL is ready");
        Ok(())
    }

    fn last_words(&self) -> String {
        let said = self.directory.read_first_words();
        format!("; it said: {said}\nmore in {}", self.directory.logs().display())
    }
}

/// No secret in it: who may enter the socket directory is in.
fn url(directory: &Directory) -> SecretString {
    let sockets = directory.sockets();
    let host: String = sockets
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .copied()
        .map(percent_encoded)
        .collect();
    format!("postgres:///postgres?host={host}&user=postgres").into()
}

fn percent_encoded(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

#[cfg(test)]
mod tests;
