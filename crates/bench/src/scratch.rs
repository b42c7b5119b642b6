//! A directory for the time of a run.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

/// Removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn make(under: &Path, gigabytes: u64) -> anyhow::Result<Self> {
        let here = rustix::fs::statvfs(under).with_context(|| format!("cannot use {}", under.display()))?;
        let free = here.f_bavail * here.f_frsize / 1_000_000_000;
        if free < gigabytes {
            bail!(
                "this run may need {gigabytes} GB, and {} has {free} GB; set COUPONRY_BENCH_DIR to a place with more",
                under.display()
            );
        }
        let place = under.join(format!("couponry-bench-{}", std::process::id()));
        fs::create_dir(&place).with_context(|| format!("cannot make {}", place.display()))?;
        let scratch = Self(place);
        // As root, PostgreSQL runs as another user, who must come to its data.
        fs::set_permissions(&scratch.0, Permissions::from_mode(0o755))?;
        Ok(scratch)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("cannot remove {}: {error}", self.0.display());
        }
    }
}
