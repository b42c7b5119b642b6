//! PostgreSQL's programs, each run as a user that PostgreSQL runs as.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};

/// Finds the programs, and installs them where there are none.
const FIND_PROGRAMS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../deploy/dev/postgres-programs.sh"
);

/// The directory that they are in.
pub(super) fn find() -> anyhow::Result<PathBuf> {
    let found = Command::new(FIND_PROGRAMS).stderr(Stdio::inherit()).output()?;
    ensure!(found.status.success(), "there is no PostgreSQL to break");
    Ok(PathBuf::from(String::from_utf8(found.stdout)?.trim()))
}

/// PostgreSQL refuses to run as root.
pub(super) fn as_postgres(program: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=postgres", "--regid=postgres", "--init-groups"])
            .arg(program);
        command
    } else {
        Command::new(program)
    };
    // Where root may be, another user may not.
    command.current_dir("/");
    command
}

/// Lets PostgreSQL write there.
pub(super) fn give_to_postgres(directory: &Path) -> anyhow::Result<()> {
    if is_root() {
        run(Command::new("chown").arg("postgres").arg(directory))?;
    }
    Ok(())
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

pub(super) fn run(command: &mut Command) -> anyhow::Result<()> {
    let done = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    ensure!(
        done.status.success(),
        "{}: {}",
        command.get_program().display(),
        String::from_utf8_lossy(&done.stderr).trim()
    );
    Ok(())
}
