//! How many connections each kind of work may have: connections belong to the runtime that opened them, and no kind
//! may starve another.
//!
//! Who waits for an answer hears within five seconds that the database gives none: a statement gets three at most, its
//! answer one more, the wait for a connection included.

use std::time::Duration;

use storage::{AfterPromotion, Allocator, Settings, Storage};

use crate::database::{Database, Server};

/// The limit of a job's usual statement.
const SHORT: Duration = Duration::from_secs(5);

/// For HTTP handlers: short statements, and a caller who waits.
pub(crate) fn requests(database: &Database) -> storage::Result<Storage> {
    let (statement, acquire) = (Duration::from_secs(3), Duration::from_secs(3));
    let storage = Storage::connect(&settings("requests", &database.primary, 24, statement, acquire))?;
    match &database.replica {
        Some(replica) => storage.with_replica(&settings("requests_replica", replica, 24, statement, acquire)),
        None => Ok(storage),
    }
}

/// For handing out codes: one call serves a whole group, so few are enough.
pub(crate) fn allocations(
    database: &Database,
    after_promotion: AfterPromotion,
) -> storage::Result<Allocator> {
    let (statement, acquire) = (Duration::from_secs(2), Duration::from_secs(3));
    Allocator::new(
        &settings("allocations", &database.primary, 8, statement, acquire),
        after_promotion,
    )
}

/// For jobs and whatever else nobody waits for.
pub(crate) fn background(database: &Database, loads: usize) -> storage::Result<Storage> {
    let loads = u32::try_from(loads).unwrap_or(u32::MAX);
    let short = settings("jobs", &database.primary, loads.saturating_add(10), SHORT, SHORT);
    // Thousands of blocks are removed, or codes looked up in a thousand files, by one statement.
    let long = settings(
        "jobs_long",
        &database.primary,
        loads.saturating_add(2),
        Duration::from_mins(1),
        Duration::from_secs(30),
    );
    let storage = Storage::connect(&short)?.with_bulk(&long)?;
    match &database.replica {
        // Reports have connections of their own; these ask how far the replica is.
        Some(replica) => storage.with_replica(&settings("jobs_replica", replica, 2, SHORT, SHORT)),
        None => Ok(storage),
    }
}

/// The most connections that a process which does everything opens to the primary: the pools above with those for credentials,
/// the one that hears of jobs, and those of `COPY`, two for each load and one for each of two reports.
pub(crate) fn most_connections(loads: usize) -> i64 {
    let loads = i64::try_from(loads).unwrap_or(i64::MAX / 8);
    let pools = (24 + 4) + 8 + (loads + 10 + 4) + (loads + 2);
    pools + 1 + 2 * loads + 2
}

fn settings(
    name: &'static str,
    server: &Server,
    connections: u32,
    statement: Duration,
    acquire: Duration,
) -> Settings {
    Settings {
        name: name.into(),
        url: server.url.clone(),
        connections,
        statement_timeout: statement,
        acquire_timeout: acquire,
        outage: server.outage.clone(),
        route: server.route.clone(),
    }
}
