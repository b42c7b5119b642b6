//! Where PostgreSQL's server programs are: an operator's choice, Debian's place, `pg_config`, `PATH`.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail};

/// The oldest major version that the schema is tested with.
const OLDEST_MAJOR: u32 = 15;

const INSTALL: &str = "install PostgreSQL's server programs with\n  \
    mkdir -p /etc/postgresql-common && echo 'create_main_cluster = false' >>/etc/postgresql-common/createcluster.conf \
    && apt-get update && apt-get install -y postgresql\n\
    or set COUPONRY_PG_BIN_DIR to where `postgres` and `initdb` are, or DATABASE_URL to a server that already runs";

/// A directory with `postgres` and `initdb` of one major version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Programs {
    directory: PathBuf,
    major: u32,
}

impl Programs {
    /// The newest programs there are, or those that wrote `data`, if it exists: a data directory belongs to the
    /// major version that made it.
    pub(crate) fn find(chosen: Option<&Path>, data: &Path) -> anyhow::Result<Self> {
        let written_by = data_major(data)?;
        let found: Vec<Self> = match chosen {
            Some(directory) => Self::in_directory(directory).into_iter().collect(),
            None => everywhere()
                .iter()
                .filter_map(|place| Self::in_directory(place))
                .collect(),
        };
        if let (true, Some(directory)) = (found.is_empty(), chosen) {
            bail!(
                "COUPONRY_PG_BIN_DIR is {}, which has no working `postgres` and `initdb`; {INSTALL}",
                directory.display()
            );
        }
        let newest = found.iter().map(|programs| programs.major).max();
        match (newest, written_by) {
            (None, _) => bail!("no PostgreSQL is installed here; {INSTALL}"),
            (Some(major), None) if major < OLDEST_MAJOR => {
                bail!(
                    "only PostgreSQL {major} is installed here, and {OLDEST_MAJOR} is the oldest that works; {INSTALL}"
                )
            }
            (Some(newest), Some(major)) if !found.iter().any(|programs| programs.major == major) => bail!(
                "{} was made by PostgreSQL {major}, which alone can read it, and {} PostgreSQL {newest}; nothing was changed. \
                 Install PostgreSQL {major} beside it (apt-get install -y postgresql-{major}), or set COUPONRY_PG_BIN_DIR to \
                 where it is. To go over to {newest}: with the programs of {major} `couponry backup FILE`; then move {} away, \
                 and with those of {newest} `couponry restore FILE`",
                data.display(),
                if chosen.is_some() {
                    "COUPONRY_PG_BIN_DIR has"
                } else {
                    "what is installed is"
                },
                data.display()
            ),
            _ => {}
        }
        found
            .into_iter()
            .find(|programs| Some(programs.major) == written_by.or(newest))
            .context("PostgreSQL's programs went away")
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn in_directory(directory: &Path) -> Option<Self> {
        if !directory.join("initdb").is_file() {
            return None;
        }
        let answer = Command::new(directory.join("postgres"))
            .arg("--version")
            .output()
            .ok()?;
        Some(Self {
            directory: directory.to_owned(),
            major: major_in(&String::from_utf8_lossy(&answer.stdout))?,
        })
    }
}

/// `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)` → 15; also `17beta1`.
pub(super) fn major_in(version: &str) -> Option<u32> {
    let number = version.split_whitespace().nth(2)?;
    let digits = number.split(|letter: char| !letter.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn data_major(data: &Path) -> anyhow::Result<Option<u32>> {
    let file = data.join("PG_VERSION");
    match fs::read_to_string(&file) {
        Ok(text) => {
            let major = text.trim().parse();
            Ok(Some(major.with_context(|| {
                format!("{} holds no version number", file.display())
            })?))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

pub(super) fn everywhere() -> Vec<PathBuf> {
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let debian = debian.flatten().map(|version| version.path().join("bin"));
    let configured = Command::new("pg_config").arg("--bindir").output().ok();
    let configured = configured
        .filter(|answer| answer.status.success())
        .map(|answer| PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim()));
    let path = env::var_os("PATH").unwrap_or_default();
    debian.chain(configured).chain(env::split_paths(&path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_programs_print_them() {
        for (text, major) in [
            ("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n", Some(15)),
            ("postgres (PostgreSQL) 18beta2\n", Some(18)),
            ("postgres (PostgreSQL) 17\n", Some(17)),
            ("bash: not found", None),
            ("", None),
        ] {
            assert_eq!(major_in(text), major, "{text}");
        }
    }

    #[test]
    fn a_chosen_directory_without_programs_is_named() {
        let empty = tempfile::tempdir().unwrap();
        let error = Programs::find(Some(empty.path()), Path::new("/does/not/exist")).unwrap_err();
        assert!(
            error.to_string().contains(&empty.path().display().to_string()),
            "{error}"
        );
    }

    #[test]
    fn data_of_a_version_that_is_not_there_is_refused_by_name() {
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join("PG_VERSION"), "9\n").unwrap();
        let error = Programs::find(None, data.path()).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("made by PostgreSQL 9, which alone can read it"),
            "{error}"
        );
    }

    #[test]
    fn this_machine_has_programs() {
        let programs = Programs::find(None, Path::new("/does/not/exist")).unwrap();
        assert!(programs.program("postgres").is_file());
    }
}
