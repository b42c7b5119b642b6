//! What the program leaves on the disk is its user's alone.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use super::{Place, list_of, output, succeeds};
use crate::app::Server;

/// Each file and directory from here down that somebody else may read, write or look into, but for entering `open`.
fn open_to_others(path: &Path, open: &Path) -> Vec<String> {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        // PostgreSQL has removed it meanwhile.
        return Vec::new();
    };
    let mode = metadata.permissions().mode() & 0o777;
    // Where PostgreSQL runs as another user, that one has to pass.
    let may_be = if path == open { 0o711 } else { 0o700 };
    let mut found = Vec::new();
    if mode & !may_be != 0 && !metadata.is_symlink() {
        found.push(format!("{mode:o} {}", path.display()));
    }
    if metadata.is_dir() {
        for entry in fs::read_dir(path).into_iter().flatten() {
            found.extend(open_to_others(&entry.unwrap().path(), open));
        }
    }
    found
}

#[tokio::test]
async fn data_logs_sockets_and_dumps_are_closed_to_others() {
    let place = Place::new();
    let environment = place.environment("above/data");
    let server = Server::start(&environment, &output()).await;
    list_of(&server, 100).await;
    let dump = place.path("codes.dump");
    succeeds(&environment, &["backup", dump.to_str().unwrap()]).await;
    let data = place.path("above/data");
    assert!(data.join("postgres/PG_VERSION").exists());
    let mut found = open_to_others(&data, &data);
    found.extend(open_to_others(&dump, &data));
    assert_eq!(found, Vec::<String>::new());
}
