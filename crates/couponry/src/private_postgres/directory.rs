//! The data directory: who may use it, what lies in it, and a socket directory with a short enough name.

use std::{
    env,
    fs::{self, DirBuilder, File, Permissions, TryLockError},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io,
    os::unix::{
        ffi::OsStrExt as _,
        fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    },
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use rustix::process::geteuid;

use super::account::Account;

/// `sockaddr_un` ends at 108 bytes with its NUL; PostgreSQL names its socket `.s.PGSQL.5432` in the directory.
const SOCKET_PATH_BYTES: usize = 107;
const CLUSTER: &str = "postgres";
pub(super) const SOCKET_NAME: &str = ".s.PGSQL.5432";

#[derive(Debug, Clone)]
pub(super) struct Directory {
    root: PathBuf,
}

/// Released by the kernel when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "held, not read")] File);

impl Directory {
    pub(super) fn open(chosen: Option<&Path>) -> anyhow::Result<Self> {
        let root = place(chosen)?;
        let there = make(&root).and_then(|()| root.canonicalize());
        let root = there.with_context(|| {
            format!(
                "cannot make the data directory {}; set COUPONRY_DATA_DIR to one that this user may write to",
                root.display()
            )
        })?;
        Ok(Self { root })
    }

    /// Nothing when another couponry has it.
    pub(super) fn lock(&self) -> anyhow::Result<Option<Lock>> {
        let path = self.root.join("lock");
        let file = closed_file(&path).with_context(|| format!("cannot write {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", path.display()))
            }
        }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// PostgreSQL's own directory.
    pub(super) fn cluster(&self) -> PathBuf {
        self.root.join(CLUSTER)
    }

    /// Where `initdb` works; renamed at its end, so that a killed one leaves nothing half-made behind.
    pub(super) fn unfinished_cluster(&self) -> PathBuf {
        self.root.join("postgres.unfinished")
    }

    pub(super) fn logs(&self) -> PathBuf {
        self.root.join("log")
    }

    /// What PostgreSQL says before it has opened its log.
    pub(super) fn first_words(&self) -> PathBuf {
        self.root.join("log/start.log")
    }

    pub(super) fn read_first_words(&self) -> String {
        let said = fs::read_to_string(self.first_words()).unwrap_or_default();
        said.trim().to_owned()
    }

    pub(super) fn sockets(&self) -> PathBuf {
        let inside = self.root.join("socket");
        if inside.join(SOCKET_NAME).as_os_str().len() <= SOCKET_PATH_BYTES {
            return inside;
        }
        let mut hasher = DefaultHasher::new();
        self.root.as_os_str().as_bytes().hash(&mut hasher);
        let short = format!("couponry-{:016x}", hasher.finish());
        match (geteuid().is_root(), env::var_os("XDG_RUNTIME_DIR")) {
            (true, _) => Path::new("/run").join(short),
            (false, Some(runtime)) if runtime.len() < 60 => Path::new(&runtime).join(short),
            (false, _) => Path::new("/tmp").join(short),
        }
    }

    /// Makes what PostgreSQL writes to, closed to everyone but its user.
    pub(super) fn prepare(&self, account: Account) -> anyhow::Result<()> {
        account.let_in(&self.root)?;
        account.check_reach(&self.root)?;
        for path in [self.logs(), self.sockets()] {
            private(&path, account).with_context(|| format!("cannot prepare {}", path.display()))?;
        }
        Ok(())
    }
}

/// A new file, or an old one emptied, which is its user's alone.
pub(super) fn closed_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

/// Closed to everyone but its user, whatever the umask; one that exists is as its operator made it, and so is what is above it.
fn make(root: &Path) -> io::Result<()> {
    if root.is_dir() {
        return Ok(());
    }
    if let Some(above) = root.parent() {
        fs::create_dir_all(above)?;
    }
    match DirBuilder::new().mode(0o700).create(root) {
        // Another start made it: which of the two may have it the lock says.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && root.is_dir() => Ok(()),
        outcome => outcome,
    }
}

/// A directory that exists may be somebody's trap (`/tmp` is everyone's): it must be a real directory of ours.
pub(super) fn private(path: &Path, account: Account) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let metadata = fs::symlink_metadata(path)?;
            let owners = match account {
                Account::Ours => [geteuid().as_raw(); 2],
                Account::Other { uid, .. } => [geteuid().as_raw(), uid],
            };
            if !metadata.is_dir() || !owners.contains(&metadata.uid()) {
                return Err(io::Error::other("it is not a directory of this user"));
            }
        }
        outcome => outcome?,
    }
    fs::set_permissions(path, Permissions::from_mode(0o700))?;
    account.own(path)
}

/// Where PostgreSQL's own directory is, or would be; looks at nothing.
pub(super) fn cluster_in(chosen: Option<&Path>) -> anyhow::Result<PathBuf> {
    Ok(place(chosen)?.join(CLUSTER))
}

fn place(chosen: Option<&Path>) -> anyhow::Result<PathBuf> {
    chosen.map_or_else(usual_place, |root| Ok(root.to_owned()))
}

fn usual_place() -> anyhow::Result<PathBuf> {
    if geteuid().is_root() {
        return Ok(PathBuf::from("/var/lib/couponry"));
    }
    let given = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if let Some(data) = given("XDG_DATA_HOME") {
        return Ok(data.join("couponry"));
    }
    let Some(home) = given("HOME") else {
        bail!("HOME is not set, so there is no usual place for data; set COUPONRY_DATA_DIR");
    };
    Ok(home.join(".local/share/couponry"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_gets_its_sockets_elsewhere() {
        let parent = tempfile::tempdir().unwrap();
        let short = Directory::open(Some(&parent.path().join("d"))).unwrap();
        assert_eq!(short.sockets(), short.root().join("socket"));
        let long = Directory::open(Some(&parent.path().join("d".repeat(100)))).unwrap();
        assert!(long.sockets().join(SOCKET_NAME).as_os_str().len() <= SOCKET_PATH_BYTES);
        assert!(!long.sockets().starts_with(parent.path()));
    }

    #[test]
    fn a_directory_has_one_user_at_a_time() {
        let parent = tempfile::tempdir().unwrap();
        let directory = Directory::open(Some(parent.path())).unwrap();
        let first = directory.lock().unwrap();
        assert!(first.is_some());
        assert!(directory.lock().unwrap().is_none());
        drop(first);
        assert!(directory.lock().unwrap().is_some());
    }

    #[test]
    fn a_link_in_place_of_a_private_directory_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let link = parent.path().join("socket");
        std::os::unix::fs::symlink("/tmp", &link).unwrap();
        assert!(private(&link, Account::Ours).is_err());
    }
}
