//! How many files the process may have open: systems start programs with a limit of 1,024, and let them raise it.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is open beside connections of clients: those of the database, coupon files on their way, the log.
const OTHERS: u64 = 256;

/// Raises the limit as far as it goes. Answers how many connections of clients there may be, of so many wanted.
pub(crate) fn raise(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "the limit of open files cannot be raised");
    }
    let most = getrlimit(Resource::Nofile).current;
    let room = most.map_or(usize::MAX, |most| {
        usize::try_from(most.saturating_sub(OTHERS)).unwrap_or(usize::MAX)
    });
    if room < wanted {
        tracing::warn!(
            wanted,
            room,
            "the limit of open files leaves fewer connections than COUPONRY_CONNECTIONS"
        );
    }
    wanted.min(room.max(16))
}
