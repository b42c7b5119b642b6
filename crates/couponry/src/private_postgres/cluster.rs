//! Makes PostgreSQL's data directory once, whole or not at all.

use std::{
    fs::{self, File},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};

use super::{account::Account, directory::Directory, directory::private, programs::Programs};

pub(super) fn make_if_absent(
    directory: &Directory,
    programs: &Programs,
    account: Account,
) -> anyhow::Result<()> {
    let cluster = directory.cluster();
    if cluster.join("PG_VERSION").exists() {
        return Ok(());
    }
    tracing::info!(directory = %cluster.display(), "making the private PostgreSQL's data directory");
    let unfinished = directory.unfinished_cluster();
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).with_context(|| {
            format!(
                "cannot remove {}, left by a start that was killed",
                unfinished.display()
            )
        })?;
    }
    private(&unfinished, account).with_context(|| format!("cannot make {}", unfinished.display()))?;

    let mut initdb = Command::new(programs.program("initdb"));
    initdb
        .arg("--pgdata")
        .arg(&unfinished)
        // C: no index goes wrong when a new libc sorts differently.
        .args(["--locale=C", "--encoding=UTF8", "--data-checksums"])
        // Who may enter the socket directory is the database's superuser; nobody else can.
        .args(["--username=postgres", "--auth=trust", "--no-instructions"])
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::null());
    account.run(&mut initdb);
    let outcome = initdb.output().context("cannot run initdb")?;
    if !outcome.status.success() {
        bail!(
            "initdb failed ({}): {}",
            outcome.status,
            String::from_utf8_lossy(&outcome.stderr).trim()
        );
    }
    fs::rename(&unfinished, &cluster)
        .and_then(|()| File::open(directory.root())?.sync_all())
        .with_context(|| format!("cannot rename {}", unfinished.display()))
}
