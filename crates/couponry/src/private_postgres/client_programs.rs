//! `pg_dump` and `pg_restore`, found for a server's version.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail};

use super::programs::{everywhere, major_in};

/// A client program of PostgreSQL, of one major version.
#[derive(Debug, Clone)]
pub(crate) struct ClientProgram {
    pub(crate) path: PathBuf,
    pub(crate) major: u32,
}

impl ClientProgram {
    /// All that are here, those of `COUPONRY_PG_BIN_DIR` first.
    ///
    /// # Errors
    /// If there is none.
    pub(crate) fn all(name: &str, chosen: Option<&Path>) -> anyhow::Result<Vec<Self>> {
        let places = chosen.map(Path::to_owned).into_iter().chain(everywhere());
        let found: Vec<Self> = places.filter_map(|place| Self::at(place.join(name))).collect();
        if found.is_empty() {
            bail!(
                "PostgreSQL's program `{name}` is not here; install it with\n  \
                 apt-get update && apt-get install -y postgresql-client\nor set COUPONRY_PG_BIN_DIR to where it is"
            );
        }
        Ok(found)
    }

    /// The oldest that is not older than the server: an older one refuses, and a newer one than needed writes what an older
    /// server does not understand.
    pub(crate) fn for_server(name: &str, server: u32, chosen: Option<&Path>) -> anyhow::Result<Self> {
        let found = Self::all(name, chosen)?;
        let newest = found
            .iter()
            .map(|program| program.major)
            .max()
            .unwrap_or_default();
        let fitting = found.into_iter().filter(|program| program.major >= server);
        fitting.min_by_key(|program| program.major).with_context(|| {
            format!(
                "the server is PostgreSQL {server}, and the newest `{name}` here is of {newest}, which cannot work with it; \
                 install a newer one (apt-get install -y postgresql-client-{server}), or set COUPONRY_PG_BIN_DIR to where \
                 one is"
            )
        })
    }

    fn at(path: PathBuf) -> Option<Self> {
        let answer = Command::new(&path).arg("--version").output().ok()?;
        let major = major_in(&String::from_utf8_lossy(&answer.stdout))?;
        Some(Self { path, major })
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    fn pretend(directory: &Path, major: u32) {
        let program = directory.join("pg_pretend");
        fs::write(
            &program,
            format!("#!/bin/sh\necho 'pg_pretend (PostgreSQL) {major}.3'\n"),
        )
        .unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn a_program_older_than_the_server_is_refused_by_both_versions() {
        let place = tempfile::tempdir().unwrap();
        pretend(place.path(), 16);
        let found = |server| ClientProgram::for_server("pg_pretend", server, Some(place.path()));
        assert_eq!(found(15).unwrap().major, 16);
        assert_eq!(found(16).unwrap().path, place.path().join("pg_pretend"));
        let error = found(17).unwrap_err().to_string();
        assert!(
            error.contains("PostgreSQL 17") && error.contains("of 16"),
            "{error}"
        );
    }

    #[test]
    fn a_program_that_is_not_here_comes_with_how_to_get_it() {
        let error = ClientProgram::all("pg_nothing", None).unwrap_err().to_string();
        assert!(
            error.contains("pg_nothing") && error.contains("apt-get install"),
            "{error}"
        );
    }
}
