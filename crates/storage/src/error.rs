//! When the database fails us.

use std::fmt;

/// The database failed us; outcomes such as "no code left" are not errors. Shows the database's message and code,
/// never a row's values: those hold codes and people's ids.
#[derive(Clone, thiserror::Error)]
pub enum Error {
    /// It is away, busy, full or slow: the same call may succeed later.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// It refused what we asked, or answered what we cannot read: a fault of ours.
    #[error("the database refused: {0}")]
    Fault(String),
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(refusal) => {
                let code = refusal.code().unwrap_or_default();
                // `message()` only: `detail()` quotes the row.
                let text = format!("{} ({code})", refusal.message());
                if passes_by_itself(&code) {
                    Self::Unavailable(text)
                } else {
                    Self::Fault(text)
                }
            }
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => Self::Unavailable(error.to_string()),
            _ => Self::Fault(error.to_string()),
        }
    }
}

/// Classes of SQLSTATE in which the same statement may succeed later: connection (08), transaction rollback (40),
/// resources such as disk or memory (53), operator intervention and time-outs (57), system (58), a database that takes
/// no connections or is not there or refuses the role (55000, 3D, 28: an operator is at it), lock not available
/// (55P03), read-only after a failover (25006).
fn passes_by_itself(code: &str) -> bool {
    const CLASSES: &[&str] = &["08", "28", "3D", "40", "53", "57", "58"];
    CLASSES.iter().any(|class| code.starts_with(class)) || matches!(code, "55000" | "55P03" | "25006")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_passes_and_a_violated_constraint_does_not() {
        assert!(passes_by_itself("53100"));
        assert!(passes_by_itself("57P01"));
        assert!(!passes_by_itself("23505"));
        assert!(matches!(
            Error::from(sqlx::Error::PoolTimedOut),
            Error::Unavailable(_)
        ));
    }
}
