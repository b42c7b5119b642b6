//! `couponry restore FILE`: a dump of `couponry backup` into a database with nothing in it.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context as _, bail};
use clap::Args;
use tokio::process::Command;

use crate::{
    config::Settings,
    database::Database,
    dumps,
    private_postgres::{ClientProgram, PrivatePostgres},
};

/// Lines of a dump's contents that every dump of ours has.
const OURS: [&str; 2] = [" TABLE public _sqlx_migrations ", " TABLE public deployment "];

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What `couponry backup` wrote
    file: PathBuf,
}

pub(crate) async fn run(arguments: &Arguments, settings: &Settings) -> anyhow::Result<()> {
    let file = arguments.file.as_path();
    check_dump(file, settings).await?;
    // Never a PostgreSQL that another couponry has running.
    let database = Database::open(settings).await?;
    let outcome = restore(&database, settings, file).await;
    database.close().await;
    outcome?;
    report(file);
    Ok(())
}

/// Before anything is made: whether this is a dump, and one of ours.
async fn check_dump(file: &Path, settings: &Settings) -> anyhow::Result<()> {
    File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let programs = ClientProgram::all("pg_restore", settings.pg_bin_dir.as_deref())?;
    let newest = programs.into_iter().max_by_key(|program| program.major);
    let newest = newest.context("PostgreSQL's programs went away")?;
    let mut command = Command::new(&newest.path);
    command
        .arg("--list")
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let listed = dumps::run(command, "reading", || None).await.with_context(|| {
        format!(
            "{} is no dump that PostgreSQL {} reads",
            file.display(),
            newest.major
        )
    })?;
    let contents = String::from_utf8_lossy(&listed.stdout);
    if !OURS.iter().all(|table| contents.contains(table)) {
        bail!("{} is a dump, but not of a couponry", file.display());
    }
    Ok(())
}

async fn restore(database: &Database, settings: &Settings, file: &Path) -> anyhow::Result<()> {
    let facts = storage::look_at_database(&database.direct_url).await?;
    if facts.relations > 0 {
        bail!(
            "nothing was restored, since there is something already: {}",
            way_out(settings)?
        );
    }
    if facts.is_spread {
        bail!("the database is to be spread over machines by Citus, which pg_restore does not know");
    }
    let program = ClientProgram::for_server("pg_restore", facts.major, settings.pg_bin_dir.as_deref())?;
    let mut command = dumps::command(&program, &database.direct_url)?;
    command
        // All or nothing; and everything belongs to whoever restores it, since the roles of the other server are not here.
        .args([
            "--single-transaction",
            "--exit-on-error",
            "--no-owner",
            "--no-privileges",
        ])
        .arg(file)
        .stdout(Stdio::null());
    dumps::run(command, "restoring", || None)
        .await
        .context("nothing was restored, and the database is as empty as before")?;
    storage::analyze(&database.direct_url)
        .await
        .context("everything was restored, but the planner's statistics could not be made; run ANALYZE")
}

fn way_out(settings: &Settings) -> anyhow::Result<String> {
    if settings.database_url.is_some() {
        return Ok(
            "the database of DATABASE_URL has tables; make another one (CREATE DATABASE …) and name that"
                .to_owned(),
        );
    }
    let directory = PrivatePostgres::data_directory(settings.data_dir.as_deref())?;
    Ok(format!(
        "the database in {} has tables; move that directory away, or set COUPONRY_DATA_DIR to another one",
        directory.display()
    ))
}

#[expect(clippy::print_stdout, reason = "what the command is for")]
fn report(file: &Path) {
    println!(
        "{} is restored: a request that had its code when the backup was made gets the same one.\nWhat happened after the \
         backup is lost: codes that were handed out since are free here, and would be handed out a second time. Before \
         codes are handed out again, see `couponry database acknowledge --help` and docs/operations/backups.md.",
        file.display()
    );
}
