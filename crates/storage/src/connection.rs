//! The connection pools and the caches in front of them.

use std::{borrow::Cow, sync::Arc, time::Duration};

use domain::{LinkSeal, PublicId};
use jiff::Timestamp;
use moka::future::Cache;
use secrecy::SecretString;
use tokio::sync::OnceCell;

use crate::{
    KeyMemory, ListRef, Outage, Result, Route,
    pool::{Pool, Reading, Replica},
    workspaces::credentials::Credentials,
};

/// What credentials are read by, beside the others: few, since they are read ahead and rarely.
const CREDENTIAL_CONNECTIONS: u32 = 4;
/// One index look-up: whoever waits for longer waits for a database that is not well.
const CREDENTIAL_STATEMENT: Duration = Duration::from_secs(2);

/// How to reach the database, and how hard.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What the connections are for, as metrics and traces call them.
    pub name: Cow<'static, str>,
    pub url: SecretString,
    /// The most connections this pool opens.
    pub connections: u32,
    /// Server-side limit for one statement.
    pub statement_timeout: Duration,
    /// How long a caller waits for a free connection before it is told that the database is not available.
    pub acquire_timeout: Duration,
    /// One for all pools of a process.
    pub outage: Outage,
    /// One for all pools of a URL.
    pub route: Route,
}

/// One pool of connections and the caches over it; clones share both.
///
/// Connections belong to the runtime that opened them, so HTTP handlers, allocation and background work each have a
/// pool of their own.
#[derive(Debug, Clone)]
pub struct Storage {
    pub(crate) pool: Pool,
    /// For statements that may take long: of jobs, which nobody waits for.
    pub(crate) bulk: Pool,
    /// For credentials: whoever uses up the other connections must not keep others from being recognised.
    pub(crate) keys: Pool,
    /// For what only reads, where there is one.
    pub(crate) replica: Option<Replica>,
    pub(crate) lists: Cache<(i64, PublicId), Arc<ListRef>>,
    pub(crate) credentials: Credentials,
    pub(crate) link_seal: Arc<OnceCell<LinkSeal>>,
}

impl Storage {
    /// Connects on first use: a database that is away stops requests, not the start.
    ///
    /// # Errors
    /// If the URL cannot be read.
    pub fn connect(settings: &Settings) -> Result<Self> {
        Self::connect_remembering(settings, KeyMemory::default())
    }

    /// The same, with another memory of keys.
    ///
    /// # Errors
    /// If the URL cannot be read.
    pub fn connect_remembering(settings: &Settings, memory: KeyMemory) -> Result<Self> {
        let for_credentials = Settings {
            name: format!("{}_credentials", settings.name).into(),
            connections: CREDENTIAL_CONNECTIONS,
            statement_timeout: settings.statement_timeout.min(CREDENTIAL_STATEMENT),
            ..settings.clone()
        };
        let (pool, keys) = (Pool::new(settings)?, Pool::new(&for_credentials)?);
        Ok(Self {
            bulk: pool.clone(),
            keys: keys.clone(),
            pool,
            replica: None,
            // A list's id and key never change, so the cache needs no end but a size.
            lists: Cache::new(100_000),
            credentials: Credentials::new(keys, memory),
            link_seal: Arc::default(),
        })
    }

    /// The same, with other connections for statements that may take long.
    ///
    /// # Errors
    /// If the URL cannot be read.
    pub fn with_bulk(self, settings: &Settings) -> Result<Self> {
        Ok(Self {
            bulk: Pool::new(settings)?,
            ..self
        })
    }

    /// The same, with a read replica. Its settings have an outage and a route of their own.
    ///
    /// # Errors
    /// If the URL cannot be read.
    pub fn with_replica(self, settings: &Settings) -> Result<Self> {
        Ok(Self {
            replica: Some(Replica::new(settings)?),
            ..self
        })
    }

    /// For a statement that only reads, and whose answer nothing but its reader depends on: it may run on the replica.
    pub(crate) fn reading(&self, workspace_id: i64) -> Reading<'_> {
        Reading::new(&self.pool, self.replica.as_ref(), workspace_id)
    }

    /// Asks the database for a sign of life.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query("select 1").execute(&self.pool).await?;
        Ok(())
    }

    /// The database's clock.
    pub async fn now(&self) -> Result<Timestamp> {
        let now = sqlx::query_scalar!(r#"select clock_timestamp() as "now!""#);
        Ok(now.fetch_one(&self.pool).await?.into())
    }

    /// Whether this instant, in seconds since 1970, has passed by the database's clock.
    pub async fn has_passed(&self, second: i64) -> Result<bool> {
        let passed = sqlx::query_scalar!(
            r#"select extract(epoch from clock_timestamp()) > $1::bigint as "passed!""#,
            second
        );
        Ok(passed.fetch_one(&self.pool).await?)
    }

    /// Ends the idle connections now, and the others with their statements.
    pub fn close(&self) {
        let replica = self.replica.as_ref().map(Replica::pool);
        for pool in [&self.pool, &self.bulk, &self.keys].into_iter().chain(replica) {
            pool.close();
        }
    }
}
