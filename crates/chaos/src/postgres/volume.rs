//! A small disk of a server's own, which can be full.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    Place,
    programs::{give_to_postgres, run},
};

/// What fills it, beside the data.
const FILLER: &str = "filler";

/// In memory; unmounted when it is dropped.
#[derive(Debug)]
pub struct Volume {
    directory: PathBuf,
}

impl Place {
    /// A disk of so many megabytes.
    ///
    /// # Errors
    /// Where this machine mounts nothing for this user.
    pub fn volume(&self, name: &str, megabytes: u32) -> anyhow::Result<Volume> {
        let directory = self.path_of(name);
        fs::create_dir(&directory)?;
        let options = format!("size={megabytes}m,mode=0700");
        run(Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "couponry-chaos"])
            .arg(&directory))?;
        let volume = Volume { directory };
        give_to_postgres(&volume.directory)?;
        Ok(volume)
    }
}

impl Volume {
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Takes all the room that is left.
    pub fn fill(&self) -> anyhow::Result<()> {
        let filler = self.directory.join(FILLER);
        let mut filler = File::options().create(true).append(true).open(filler)?;
        // The last bytes too, whatever the size of a page.
        for piece in [64 * 1024, 1] {
            let zeros = vec![0; piece];
            loop {
                match filler.write(&zeros) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    /// Gives it back.
    pub fn clear(&self) -> anyhow::Result<()> {
        Ok(fs::remove_file(self.directory.join(FILLER))?)
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        // Whoever still has a file open there is about to end.
        let mut unmount = Command::new("umount");
        if let Err(error) = run(unmount.arg("--lazy").arg(&self.directory)) {
            eprintln!("a small disk stays mounted: {error}");
        }
    }
}
