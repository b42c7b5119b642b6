//! Connections to PostgreSQL, each lent for one statement: the only way of this crate to the database, but for `COPY`,
//! `LISTEN` and migrations, which have connections of their own.
//!
//! A connection comes back only when its statement's answer has come whole. If the answer does not come in time, or the
//! caller is dropped while it waits, the connection is closed: what is still on its way belongs to nobody, and the next
//! statement would take it for its own answer (docs/decisions/0016-a-statement-a-loan.md).

mod connections;
mod gauges;
mod loan;
mod outage;
mod reading;
mod replica;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use opentelemetry::KeyValue;
use sqlx::{PgConnection, Postgres};
use tokio::{sync::Semaphore, time::Instant};

use self::connections::{Connections, Idle};
pub(crate) use self::loan::Loan;
pub use self::outage::Outage;
pub(crate) use self::{reading::Reading, replica::Replica};
use crate::{Result, Settings};

/// How much longer than the server's own limit an answer is waited for: the server cancels a statement and says so; one
/// that says nothing is gone.
const GRACE: Duration = Duration::from_secs(1);
/// A connection that has not been used for so long is closed.
const UNUSED: Duration = Duration::from_mins(5);
/// How often to look for such.
const TIDY: Duration = Duration::from_mins(1);
/// The part of a pool's connections that one workspace may use at once.
const SHARE: usize = 3;

/// Cheap to clone; clones share the connections.
#[derive(Clone)]
pub(crate) struct Pool {
    idle: Idle,
    connections: Arc<Connections>,
    /// The label of its metrics.
    name: KeyValue,
    /// The server's limit for a statement.
    statement: Duration,
    /// How long a call may take, waiting for a connection included.
    limit: Duration,
    /// Of which so long for the connection.
    acquire: Duration,
    outage: Outage,
    shares: Arc<Shares>,
    tidied: Arc<Mutex<Instant>>,
}

/// How many connections each workspace may use now; only those with a call under way are kept.
struct Shares {
    most: usize,
    workspaces: Mutex<HashMap<i64, Arc<Semaphore>>>,
}

impl Pool {
    /// Connects on first use.
    ///
    /// # Errors
    /// If the URL cannot be read.
    pub(crate) fn new(settings: &Settings) -> Result<Self> {
        let size = usize::try_from(settings.connections).unwrap_or(usize::MAX);
        let connections = Connections::new(settings)?;
        let idle = connections.clone().idle(size);
        let name = KeyValue::new(gauges::POOL, settings.name.to_string());
        gauges::watch(&name, &idle);
        Ok(Self {
            idle,
            name,
            connections: Arc::new(connections),
            statement: settings.statement_timeout,
            limit: settings.statement_timeout + GRACE,
            acquire: settings.acquire_timeout,
            outage: settings.outage.clone(),
            shares: Arc::new(Shares {
                most: size.div_ceil(SHARE),
                workspaces: Mutex::default(),
            }),
            tidied: Arc::new(Mutex::new(Instant::now())),
        })
    }

    /// For statements of one workspace: together they use a third of the connections at most, so that a workspace whose
    /// statements are stuck leaves connections to the others.
    pub(crate) fn of(&self, workspace_id: i64) -> Loan<'_> {
        Loan::of_workspace(self, workspace_id)
    }

    /// For statements that must have been answered at this instant.
    pub(crate) fn until(&self, deadline: Instant) -> Loan<'_> {
        Loan::until(self, deadline)
    }

    /// Closes what a rush has left, now and then.
    fn tidy(&self) {
        if let Ok(mut tidied) = self.tidied.try_lock()
            && tidied.elapsed() > TIDY
        {
            *tidied = Instant::now();
            drop(self.idle.retain(|_, use_so_far| use_so_far.last_used() < UNUSED));
        }
    }

    /// A connection of the caller's own.
    pub(crate) async fn connect(&self) -> sqlx::Result<PgConnection> {
        self.connections.connect().await
    }

    /// Whether sessions have the settings that they are begun with: behind a connection pooler they do not.
    pub(crate) async fn keeps_settings(&self) -> sqlx::Result<bool> {
        self.connections.keep_settings().await
    }

    /// # Errors
    /// If a pooler loses prepared statements.
    pub(crate) async fn check_prepared_statements(&self) -> Result<()> {
        self.connections.check_prepared_statements().await
    }

    /// Closes the idle connections now, and each of the others when its statement ends.
    pub(crate) fn close(&self) {
        self.idle.close();
    }
}

impl Shares {
    fn of(&self, workspace_id: i64) -> Arc<Semaphore> {
        let mut workspaces = self.workspaces.lock().unwrap_or_else(PoisonError::into_inner);
        if workspaces.len() > 1_000 {
            workspaces.retain(|_, share| Arc::strong_count(share) > 1);
        }
        workspaces
            .entry(workspace_id)
            .or_insert_with(|| Arc::new(Semaphore::new(self.most)))
            .clone()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

/// What a statement answers, in the order of arrival: rows, and the server's word that it is done.
type Answer = Vec<sqlx::Either<<Postgres as sqlx::Database>::QueryResult, <Postgres as sqlx::Database>::Row>>;
