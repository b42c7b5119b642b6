//! How many connections each kind of work may have: connections belong to the runtime that opened them, and no kind
//! may starve another.

use std::time::Duration;

use secrecy::SecretString;
use storage::{Settings, Storage};

use crate::database::Database;

/// For HTTP handlers: short statements, and a caller who waits.
pub(crate) fn requests(database: &Database) -> Settings {
    settings(&database.url, 24, Duration::from_secs(10), Duration::from_secs(3))
}

/// For handing out codes: one call serves a whole group, so few are enough.
pub(crate) fn allocations(database: &Database) -> Settings {
    settings(&database.url, 8, Duration::from_secs(2), Duration::from_secs(3))
}

/// For jobs and whatever else nobody waits for.
pub(crate) fn background(database: &Database, loads: usize) -> storage::Result<Storage> {
    let each = u32::try_from(loads).unwrap_or(u32::MAX).saturating_mul(4);
    let connections = each.saturating_add(4);
    Storage::connect(&settings(
        &database.url,
        connections,
        // A COPY of a large file, or along a full list, is one statement.
        Duration::from_mins(10),
        Duration::from_secs(30),
    ))
}

fn settings(url: &SecretString, connections: u32, statement: Duration, acquire: Duration) -> Settings {
    Settings {
        url: url.clone(),
        connections,
        statement_timeout: statement,
        acquire_timeout: acquire,
    }
}
