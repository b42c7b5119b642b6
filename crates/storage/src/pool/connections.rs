//! Opening connections, and judging idle ones before they are lent again.

use std::time::Duration;

use deadpool::{
    Runtime,
    managed::{Manager, Metrics, Pool, PoolConfig, QueueMode, RecycleError, RecycleResult, Timeouts},
};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::time::{sleep, timeout};

use super::Outage;
use crate::{Result, Route, Settings, route};

/// A connection that has not been used for so long is asked for a sign of life first: a firewall may have forgotten it.
const RESTED: Duration = Duration::from_secs(5);
/// How long that sign may take.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);
/// A session's memory grows with the plans it keeps.
const MOST_AGE: Duration = Duration::from_mins(30);
/// The pause before another try where a database is starting up, doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const MOST_PAUSE: Duration = Duration::from_millis(500);

/// The connections that are not lent.
pub(super) type Idle = Pool<Connections>;

/// How connections are made.
#[derive(Debug, Clone)]
pub(super) struct Connections {
    /// What the URL says.
    options: PgConnectOptions,
    /// The same, with what a session of ours has set from its beginning.
    with_settings: PgConnectOptions,
    route: Route,
    outage: Outage,
}

impl Connections {
    /// # Errors
    /// If the URL cannot be read.
    pub(super) fn new(settings: &Settings) -> Result<Self> {
        let options = route::options(&settings.url)?.application_name("couponry");
        Ok(Self {
            with_settings: with_settings(options.clone(), settings.statement_timeout),
            options,
            route: settings.route.clone(),
            outage: settings.outage.clone(),
        })
    }

    pub(super) async fn keep_settings(&self) -> sqlx::Result<bool> {
        self.route.keeps_settings(&self.options).await
    }

    pub(super) async fn check_prepared_statements(&self) -> Result<()> {
        route::shares_sessions(&self.options).await.map(|_| ())
    }

    pub(super) async fn connect(&self) -> sqlx::Result<PgConnection> {
        if self.keep_settings().await? {
            self.with_settings.connect().await
        } else {
            self.options.connect().await
        }
    }

    /// What was used last is used next, so that connections of a rush are left to age.
    pub(super) fn idle(self, size: usize) -> Idle {
        let config = PoolConfig {
            max_size: size,
            timeouts: Timeouts::default(),
            queue_mode: QueueMode::Lifo,
        };
        let built = Pool::builder(self)
            .config(config)
            .runtime(Runtime::Tokio1)
            .build();
        // It fails only where a time-out is set without a runtime.
        built.unwrap_or_else(|_| unreachable!())
    }
}

impl Manager for Connections {
    type Type = PgConnection;
    type Error = sqlx::Error;

    /// Whoever waits has the deadline.
    async fn create(&self) -> sqlx::Result<PgConnection> {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.connect().await {
                Err(error) if is_starting_up(&error) => {
                    sleep(pause).await;
                    pause = (pause * 2).min(MOST_PAUSE);
                }
                settled => return settled,
            }
        }
    }

    async fn recycle(
        &self,
        connection: &mut PgConnection,
        use_so_far: &Metrics,
    ) -> RecycleResult<sqlx::Error> {
        if self.outage.concerns(use_so_far.created) {
            return Err(RecycleError::message("it was open when another one was lost"));
        }
        if use_so_far.age() > MOST_AGE {
            return Err(RecycleError::message("it is old"));
        }
        if use_so_far.last_used() < RESTED {
            return Ok(());
        }
        if let Ok(alive) = timeout(SIGN_OF_LIFE, connection.ping()).await {
            return Ok(alive?);
        }
        self.outage.notice();
        Err(RecycleError::message("it gives no sign of life"))
    }
}

/// A database that refuses connections, or has no room or is not ready for one, is there in a moment.
fn is_starting_up(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        sqlx::Error::Database(refusal) => refusal.is_transient_in_connect_phase(),
        _ => false,
    }
}

/// A pooler takes none of these: what stands in for them is in docs/decisions/0019-behind-a-pooler.md.
fn with_settings(options: PgConnectOptions, statement_timeout: Duration) -> PgConnectOptions {
    options.options([
        // The design rests on READ COMMITTED: statements after the gate's lock see what was committed before it.
        ("default_transaction_isolation", "read committed".to_owned()),
        ("statement_timeout", statement_timeout.as_millis().to_string()),
        ("idle_in_transaction_session_timeout", "10s".to_owned()),
        // The server ends a statement within a second after its connection was closed, and notices within a minute
        // that a process is gone with its machine: neither keeps a list's gate.
        ("client_connection_check_interval", "1s".to_owned()),
        ("tcp_keepalives_idle", "30".to_owned()),
        ("tcp_keepalives_interval", "10".to_owned()),
        ("tcp_keepalives_count", "3".to_owned()),
        // The program's text is UTF-8 whatever the cluster's default is.
        ("client_encoding", "UTF8".to_owned()),
    ])
}
