//! `couponry backup FILE`: a consistent dump, made while everything runs.

use std::{
    fs::File,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::Timestamp;
use tempfile::NamedTempFile;

use crate::{
    config::Settings,
    database::Database,
    dumps::{self, size},
    pools,
    private_postgres::{ClientProgram, PrivatePostgres},
};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where the dump goes: it holds all codes and hashed keys, so only its owner may read it
    file: PathBuf,

    /// Replace the file if there is one
    #[arg(long)]
    overwrite: bool,
}

pub(crate) async fn run(arguments: &Arguments, settings: &Settings) -> anyhow::Result<()> {
    let file = arguments.file.as_path();
    if file.exists() && !arguments.overwrite {
        bail!(
            "{} exists already; name another file, or say --overwrite",
            file.display()
        );
    }
    let unfinished = unfinished(file)?;
    if settings.database_url.is_none() && !PrivatePostgres::has_data(settings.data_dir.as_deref())? {
        let directory = PrivatePostgres::data_directory(settings.data_dir.as_deref())?;
        bail!(
            "there is nothing to back up: {} is no data directory of PostgreSQL, and DATABASE_URL is not set",
            directory.display()
        );
    }
    let database = Database::join(settings).await?;
    let dumped = dump(&database, settings, &unfinished).await;
    let noted = match &dumped {
        Ok(as_of) => note(&database, *as_of).await,
        Err(_) => Ok(()),
    };
    database.close().await;
    let as_of = dumped?;
    let bytes = keep(unfinished, arguments)?;
    report(file, bytes, as_of);
    if let Err(error) = noted {
        eprintln!("couponry: the dump is whole, but `couponry doctor` will not know of it: {error}");
    }
    Ok(())
}

/// Beside the file, so that its renaming is one step; readable by its owner only.
fn unfinished(file: &Path) -> anyhow::Result<NamedTempFile> {
    let name = file.file_name().context("the file to write has no name")?;
    let mut prefix = name.to_owned();
    prefix.push(".unfinished-");
    tempfile::Builder::new()
        .prefix(&prefix)
        .permissions(std::fs::Permissions::from_mode(0o600))
        .tempfile_in(directory_of(file))
        .with_context(|| format!("cannot write into {}", directory_of(file).display()))
}

fn directory_of(file: &Path) -> &Path {
    match file.parent() {
        Some(directory) if directory != Path::new("") => directory,
        _ => Path::new("."),
    }
}

/// Everything that is committed at the answered moment is in the dump.
async fn dump(database: &Database, settings: &Settings, into: &NamedTempFile) -> anyhow::Result<Timestamp> {
    let facts = storage::look_at_database(&database.direct_url).await?;
    if facts.relations == 0 {
        bail!("there is nothing to back up: the database has no tables");
    }
    if facts.is_spread {
        bail!(
            "the database is spread over machines by Citus, which pg_dump does not know: back up each machine, as \
             deploy/scale-out/README.md says"
        );
    }
    let program = ClientProgram::for_server("pg_dump", facts.major, settings.pg_bin_dir.as_deref())?;
    let mut command = dumps::command(&program, &database.direct_url)?;
    command
        .args(["--format=custom", "--lock-wait-timeout=60000"])
        .stdout(Stdio::from(into.as_file().try_clone()?));
    let written = || into.as_file().metadata().ok().map(|file| file.len());
    dumps::run(command, "backing up", written)
        .await
        .context("nothing was kept of the backup")?;
    Ok(facts.now)
}

async fn note(database: &Database, as_of: Timestamp) -> anyhow::Result<()> {
    let storage = pools::background(database, 0)?;
    let noted = storage.note_backup(as_of).await;
    storage.close();
    Ok(noted?)
}

/// From here on it survives a power cut, under its name.
fn keep(unfinished: NamedTempFile, arguments: &Arguments) -> anyhow::Result<u64> {
    let file = arguments.file.as_path();
    let failed = || format!("cannot keep the dump as {}", file.display());
    unfinished.as_file().sync_all().with_context(failed)?;
    let bytes = unfinished.as_file().metadata().with_context(failed)?.len();
    let kept = if arguments.overwrite {
        unfinished.persist(file)
    } else {
        unfinished.persist_noclobber(file)
    };
    kept.map_err(|error| error.error).with_context(failed)?;
    File::open(directory_of(file))
        .and_then(|directory| directory.sync_all())
        .with_context(failed)?;
    Ok(bytes)
}

#[expect(clippy::print_stdout, reason = "what the command is for")]
fn report(file: &Path, bytes: u64, as_of: Timestamp) {
    println!(
        "{}: {}, with everything up to {as_of:.0}.\nIt holds all codes: keep it as you keep them. What is committed later is \
         not in it: a database restored from it does not know which codes were handed out since, and may hand them out again.",
        file.display(),
        size(bytes),
    );
}
