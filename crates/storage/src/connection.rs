//! The connections and what is known by heart.

use std::{str::FromStr, sync::Arc, time::Duration};

use domain::PublicId;
use moka::future::Cache;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{KeyMemory, ListRef, Result, credentials::Credentials};

/// What credentials are read by, beside the others: few, since they are read ahead and rarely.
const CREDENTIAL_CONNECTIONS: u32 = 2;
/// One index look-up: whoever waits for longer waits for a database that is not well.
const CREDENTIAL_STATEMENT: Duration = Duration::from_secs(2);

/// How to reach the database, and how hard.
#[derive(Debug, Clone)]
pub struct Settings {
    pub url: SecretString,
    /// The most connections this pool opens.
    pub connections: u32,
    /// Server-side limit for one statement.
    pub statement_timeout: Duration,
    /// How long a caller waits for a free connection before it is told that the database is not available.
    pub acquire_timeout: Duration,
}

/// One pool of connections and the caches over it; clones share both.
///
/// Connections belong to the runtime that opened them, so HTTP handlers, allocation and background work each have a
/// pool of their own.
#[derive(Debug, Clone)]
pub struct Storage {
    pub(crate) pool: PgPool,
    pub(crate) lists: Cache<(i64, PublicId), Arc<ListRef>>,
    pub(crate) credentials: Credentials,
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
            connections: CREDENTIAL_CONNECTIONS,
            statement_timeout: settings.statement_timeout.min(CREDENTIAL_STATEMENT),
            ..settings.clone()
        };
        Ok(Self {
            pool: pool(settings)?,
            // A list's id and key never change, so the cache needs no end but a size.
            lists: Cache::new(100_000),
            credentials: Credentials::new(pool(&for_credentials)?, memory),
        })
    }

    /// Asks the database for a sign of life.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query("select 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Whether this instant, in seconds since 1970, has passed by the database's clock.
    pub async fn has_passed(&self, second: i64) -> Result<bool> {
        let passed = sqlx::query_scalar!(
            r#"select extract(epoch from clock_timestamp()) > $1::bigint as "passed!""#,
            second
        );
        Ok(passed.fetch_one(&self.pool).await?)
    }

    /// Ends the connections, once those in use have been given back.
    pub async fn close(&self) {
        self.pool.close().await;
        self.credentials.close().await;
    }
}

pub(crate) fn pool(settings: &Settings) -> Result<PgPool> {
    let options = PgConnectOptions::from_str(settings.url.expose_secret())?
        .application_name("couponry")
        .options([
            // The design rests on READ COMMITTED: statements after the gate's lock see what was committed before it.
            ("default_transaction_isolation", "read committed".to_owned()),
            (
                "statement_timeout",
                settings.statement_timeout.as_millis().to_string(),
            ),
            ("idle_in_transaction_session_timeout", "10s".to_owned()),
            // The program's text is UTF-8 whatever the cluster's default is.
            ("client_encoding", "UTF8".to_owned()),
        ]);
    Ok(PgPoolOptions::new()
        .max_connections(settings.connections)
        .acquire_timeout(settings.acquire_timeout)
        // A ping before each use costs a round trip; a dead connection is found by the statement itself.
        .test_before_acquire(false)
        .max_lifetime(Duration::from_mins(30))
        .connect_lazy_with(options))
}
