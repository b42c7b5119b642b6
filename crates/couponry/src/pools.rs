//! How many connections each kind of work may have: connections belong to the runtime that opened them, and no kind
//! may starve another.
//!
//! Who waits for an answer hears within five seconds that the database gives none: a statement gets three at most, its
//! answer one more, the wait for a connection included.

use std::time::Duration;

use storage::{Allocator, Settings, Storage};

use crate::database::Database;

/// For HTTP handlers: short statements, and a caller who waits.
pub(crate) fn requests(database: &Database) -> storage::Result<Storage> {
    Storage::connect(&settings(
        database,
        24,
        Duration::from_secs(3),
        Duration::from_secs(3),
    ))
}

/// For handing out codes: one call serves a whole group, so few are enough.
pub(crate) fn allocations(database: &Database) -> storage::Result<Allocator> {
    Allocator::new(&settings(
        database,
        8,
        Duration::from_secs(2),
        Duration::from_secs(3),
    ))
}

/// For jobs and whatever else nobody waits for.
pub(crate) fn background(database: &Database, loads: usize) -> storage::Result<Storage> {
    let loads = u32::try_from(loads).unwrap_or(u32::MAX);
    let short = settings(
        database,
        loads.saturating_add(10),
        Duration::from_secs(5),
        Duration::from_secs(5),
    );
    // Thousands of blocks are removed, or codes looked up in a thousand files, by one statement.
    let long = settings(
        database,
        loads.saturating_add(2),
        Duration::from_mins(1),
        Duration::from_secs(30),
    );
    Storage::connect(&short)?.with_bulk(&long)
}

fn settings(database: &Database, connections: u32, statement: Duration, acquire: Duration) -> Settings {
    Settings {
        url: database.url.clone(),
        connections,
        statement_timeout: statement,
        acquire_timeout: acquire,
        outage: database.outage.clone(),
    }
}
