//! A postmaster that outlived its couponry, on its way out.

use std::{fs, path::Path, time::Duration};

use anyhow::bail;
use tokio::time::{Instant, sleep};

const BOUND: Duration = Duration::from_secs(90);

/// After `kill -9` of a couponry its PostgreSQL is told to shut down, and that takes a moment.
pub(super) async fn wait_until_gone(cluster: &Path) -> anyhow::Result<()> {
    let Some(pid) = postmaster_of(cluster) else {
        return Ok(());
    };
    tracing::info!(
        pid,
        "waiting for the previous PostgreSQL on this data directory to end"
    );
    let give_up = Instant::now() + BOUND;
    while let Some(pid) = postmaster_of(cluster) {
        if Instant::now() > give_up {
            bail!(
                "a PostgreSQL that this couponry did not start (process {pid}) keeps {}; stop it with `kill -INT {pid}`",
                cluster.display()
            );
        }
        sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// The process that `postmaster.pid` names, if it lives and works in this directory: after a reboot the number may
/// be anybody's.
fn postmaster_of(cluster: &Path) -> Option<u32> {
    let file = fs::read_to_string(cluster.join("postmaster.pid")).ok()?;
    let pid: u32 = file.lines().next()?.trim().parse().ok()?;
    let works_in = fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
    (works_in == cluster).then_some(pid)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn only_a_live_process_in_the_directory_counts() {
        let place = tempfile::tempdir().unwrap();
        let cluster = place.path().canonicalize().unwrap();
        let names = |pid: u32| fs::write(cluster.join("postmaster.pid"), format!("{pid}\n/data\n")).unwrap();
        assert_eq!(postmaster_of(&cluster), None);
        names(std::process::id());
        assert_eq!(postmaster_of(&cluster), None, "alive, but elsewhere");

        let mut there = Command::new("sleep")
            .arg("60")
            .current_dir(&cluster)
            .spawn()
            .unwrap();
        names(there.id());
        assert_eq!(postmaster_of(&cluster), Some(there.id()));
        there.kill().unwrap();
        there.wait().unwrap();
        assert_eq!(postmaster_of(&cluster), None, "in the directory, but dead");
    }
}
