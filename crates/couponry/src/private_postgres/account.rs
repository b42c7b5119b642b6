//! Whom PostgreSQL runs as: it refuses root, so root hands its programs to the system's `postgres` user.

use std::{
    fs, io,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::Path,
    process::Command,
};

use anyhow::{Context as _, bail};
use rustix::process::geteuid;

const NAME: &str = "postgres";

/// The user of the child processes; ours stays what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Account {
    Ours,
    Other { uid: u32, gid: u32 },
}

impl Account {
    pub(super) fn choose() -> anyhow::Result<Self> {
        if !geteuid().is_root() {
            return Ok(Self::Ours);
        }
        let users = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
        let (uid, gid) = find(&users, NAME).context(
            "PostgreSQL refuses to run as root, and there is no user `postgres` to run it as; make one with\n  \
             useradd --system --user-group --home-dir /nonexistent --shell /usr/sbin/nologin postgres",
        )?;
        Ok(Self::Other { uid, gid })
    }

    pub(super) fn own(self, path: &Path) -> io::Result<()> {
        match self {
            Self::Ours => Ok(()),
            Self::Other { uid, gid } => chown(path, Some(uid), Some(gid)),
        }
    }

    /// Under a strict umask our own directory shuts the other user out; what lies in it is closed by itself.
    pub(super) fn let_in(self, directory: &Path) -> io::Result<()> {
        if self == Self::Ours {
            return Ok(());
        }
        let mode = fs::metadata(directory)?.permissions().mode();
        fs::set_permissions(directory, fs::Permissions::from_mode(mode | 0o011))
    }

    /// `uid()` as root also drops root's supplementary groups.
    pub(super) fn run(self, command: &mut Command) {
        if let Self::Other { uid, gid } = self {
            command.uid(uid).gid(gid);
        }
    }

    /// PostgreSQL's own words for a directory it cannot reach name no way out.
    pub(super) fn check_reach(self, directory: &Path) -> anyhow::Result<()> {
        let Self::Other { uid, gid } = self else {
            return Ok(());
        };
        for above in directory.ancestors().skip(1) {
            let metadata = fs::metadata(above).with_context(|| format!("cannot read {}", above.display()))?;
            let mode = metadata.permissions().mode();
            let may_enter = if metadata.uid() == uid {
                mode & 0o100 != 0
            } else if metadata.gid() == gid {
                mode & 0o010 != 0
            } else {
                mode & 0o001 != 0
            };
            if !may_enter {
                bail!(
                    "PostgreSQL runs as the user `{NAME}`, who may not enter {} (mode {:o}); set COUPONRY_DATA_DIR to a \
                     directory outside it, such as /var/lib/couponry",
                    above.display(),
                    mode & 0o7777,
                );
            }
        }
        Ok(())
    }
}

/// `name:password:uid:gid:…`, one user a line.
fn find(users: &str, name: &str) -> Option<(u32, u32)> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some((uid, gid))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_the_whole_name() {
        let users = "root:x:0:0:root:/root:/bin/bash\n# postgres\npostgresql:x:7:8::/:\npostgres:x:101:104:admin:/var:/bin/sh\n";
        assert_eq!(find(users, "postgres"), Some((101, 104)));
        assert_eq!(find(users, "nobody"), None);
        assert_eq!(find("postgres:x:many:1::/:\n", "postgres"), None);
    }

    #[test]
    fn a_closed_directory_above_is_named() {
        let closed = tempfile::tempdir().unwrap();
        fs::set_permissions(closed.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let stranger = Account::Other {
            uid: 4_242,
            gid: 4_242,
        };
        let error = stranger.check_reach(&closed.path().join("data")).unwrap_err();
        assert!(
            error.to_string().contains(&closed.path().display().to_string()),
            "{error}"
        );
        assert!(stranger.check_reach(Path::new("/var/lib/couponry")).is_ok());
        assert!(Account::Ours.check_reach(closed.path()).is_ok());
    }
}
