//! A read replica beside the primary, for reads that nothing depends on but their reader.
//!
//! No read is older for it. Before a read the primary is asked where its log ends, and the replica is asked only if it has
//! replayed the log up to there: it then has all that was committed before the read began, and what it does not have is not
//! there. One that lags, is away or refuses is left for a while, and the primary is asked
//! (docs/decisions/0020-a-replica-that-has-everything.md).

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sqlx::PgConnection;
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use super::{Loan, Pool};
use crate::{Result, Settings};

/// How long a replica that lags is waited for by somebody who waits for an answer.
pub(crate) const PATIENCE: Duration = Duration::from_millis(200);
/// And by a job.
pub(crate) const PATIENCE_OF_A_JOB: Duration = Duration::from_secs(10);
/// How often it is asked meanwhile.
const PAUSE: Duration = Duration::from_millis(5);
/// How long one that lags, or failed, is not asked.
const LEFT: Duration = Duration::from_secs(5);
/// How long it may take to answer: the primary needs the rest of what a statement may take.
const ANSWER: Duration = Duration::from_secs(1);

/// Cheap to clone; clones share the connections.
#[derive(Debug, Clone)]
pub(crate) struct Replica {
    pool: Pool,
    left: Arc<Mutex<Left>>,
}

/// Whether, and until when, it is left alone.
#[derive(Debug, Default)]
struct Left {
    until: Option<Instant>,
    is_told: bool,
}

/// A place in the log of one database.
struct Place {
    log_position: String,
    system: i64,
    database: i64,
}

impl Replica {
    /// Connects on first use.
    ///
    /// # Errors
    /// If the URL cannot be read.
    pub(crate) fn new(settings: &Settings) -> Result<Self> {
        Ok(Self {
            pool: Pool::new(settings)?,
            left: Arc::default(),
        })
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(super) fn deadline() -> Instant {
        Instant::now() + ANSWER
    }

    /// Whether the replica has, or has within this time, whatever is committed on the primary now.
    pub(crate) async fn catches_up(&self, primary: Loan<'_>, patience: Duration) -> bool {
        if self.is_left() {
            return false;
        }
        // If the primary does not answer, the statement that follows says so.
        let Ok(place) = last_place(primary).await else {
            return false;
        };
        let give_up = Instant::now() + patience;
        loop {
            match self.has(&place).await {
                Ok(Some(true)) => {
                    self.come_back();
                    return true;
                }
                Ok(Some(false)) if Instant::now() < give_up => sleep(PAUSE).await,
                Ok(Some(false)) => {
                    self.leave("it lags");
                    return false;
                }
                Ok(None) => {
                    self.leave("it is no replica of this database");
                    return false;
                }
                Err(error) => {
                    self.leave(&error.to_string());
                    return false;
                }
            }
        }
    }

    /// Whether it has replayed the log up to there; `None` if it replays another one, or none.
    async fn has(&self, place: &Place) -> sqlx::Result<Option<bool>> {
        sqlx::query_scalar!(
            "select pg_last_wal_replay_lsn() >= $1::text::pg_lsn
             from pg_control_system() s, pg_database d
             where pg_is_in_recovery() and s.system_identifier = $2
               and d.datname = current_database() and d.oid::bigint = $3",
            place.log_position,
            place.system,
            place.database,
        )
        .fetch_optional(self.pool.until(Self::deadline()))
        .await
        .map(Option::flatten)
    }

    pub(crate) fn leave(&self, why: &str) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.until = Some(Instant::now() + LEFT);
        if !left.is_told {
            left.is_told = true;
            warn!(why, "the read replica is left, and the primary asked");
        }
    }

    fn is_left(&self) -> bool {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.until.is_some_and(|until| Instant::now() < until)
    }

    fn come_back(&self) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut *left).is_told {
            info!("the read replica is asked again");
        }
    }

    /// A connection of the caller's own, if the replica has everything and can be reached.
    pub(crate) async fn connect(&self, primary: &Pool) -> Option<PgConnection> {
        if !self.catches_up(Loan::new(primary), PATIENCE_OF_A_JOB).await {
            return None;
        }
        let connected = self.pool.connect().await;
        connected.inspect_err(|error| self.leave(&error.to_string())).ok()
    }
}

/// Where the primary's log ends: whatever is committed is before that.
async fn last_place(primary: Loan<'_>) -> sqlx::Result<Place> {
    sqlx::query_as!(
        Place,
        r#"select pg_current_wal_insert_lsn()::text as "log_position!", s.system_identifier as "system!",
                  d.oid::bigint as "database!"
           from pg_control_system() s, pg_database d where d.datname = current_database()"#
    )
    .fetch_one(primary)
    .await
}
