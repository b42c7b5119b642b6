//! What whoever runs it does: backups, a look by the doctor, a start before the database; and what that leaves on the disk.

mod backup;
mod doctor;
mod permissions;
mod waiting;

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, process::Output as Ended};

use tempfile::TempDir;

use crate::app::{API_KEY, Environment, FileHost, Output, Server, WORKSPACE, codes, csv, program};

/// A place for data directories, which PostgreSQL's user may enter.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = tempfile::Builder::new().prefix("couponry-it").tempdir().unwrap();
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o711)).unwrap();
        Self(place)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Of a server with the private PostgreSQL.
    fn environment(&self, data: &str) -> Environment {
        [
            ("COUPONRY_DATA_DIR", self.path(data).to_str().unwrap()),
            ("COUPONRY_LISTEN", "127.0.0.1:0"),
            ("COUPONRY_BOOTSTRAP_WORKSPACE_ID", WORKSPACE),
            ("COUPONRY_BOOTSTRAP_API_KEY", API_KEY),
            ("COUPONRY_OUTBOUND_ALLOW", "127.0.0.0/8"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
    }
}

/// A list with these many codes.
async fn list_of(server: &Server, number: usize) -> String {
    let list = server.create_list().await;
    let host = FileHost::start().await;
    let file = server
        .load(&list, &host.serve("/codes.csv", csv(&codes("A", number))))
        .await;
    assert_eq!(file["status"], "SUCCESS", "{file}");
    list
}

/// A command of the program to its end, while the test goes on.
async fn run(environment: &Environment, arguments: &[&str]) -> Ended {
    let mut command = program(environment);
    command.args(arguments);
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

fn complaint(ended: &Ended) -> String {
    String::from_utf8_lossy(&ended.stderr).into_owned()
}

async fn succeeds(environment: &Environment, arguments: &[&str]) {
    let ended = run(environment, arguments).await;
    assert!(ended.status.success(), "{arguments:?}: {}", complaint(&ended));
}

fn output() -> Output {
    Output::default()
}
