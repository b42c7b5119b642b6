//! Where a URL leads: to PostgreSQL, or to a connection pooler before it. A pooler's connections to the server serve many
//! clients in turn, so it refuses or ignores what a client wants to have set in its session; one in transaction mode may
//! give each transaction another of them (docs/decisions/0019-behind-a-pooler.md).

use std::{borrow::Cow, sync::Arc};

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, error::DatabaseError, postgres::PgConnectOptions,
};
use tokio::sync::OnceCell;

use crate::{Error, Result};

/// A setting that nobody else makes: whoever does not find it in the session does not find the others either.
const MARK: (&str, &str) = ("couponry.route", "direct");
/// How often two connections are asked whose server process they have. One look would do where nobody else uses the
/// pooler.
const LOOKS: usize = 10;

/// Whether the sessions behind a URL keep the settings they were begun with. The first connection finds out; clones
/// share what it found.
#[derive(Debug, Clone, Default)]
pub struct Route(Arc<OnceCell<bool>>);

impl Route {
    pub(crate) async fn keeps_settings(&self, options: &PgConnectOptions) -> sqlx::Result<bool> {
        self.0.get_or_try_init(|| keeps_settings(options)).await.copied()
    }
}

/// What the URL says, and nothing that a pooler refuses: sqlx would ask for `extra_float_digits`, which PostgreSQL has had
/// as we need it since version 12.
pub(crate) fn options(url: &SecretString) -> Result<PgConnectOptions> {
    let options: PgConnectOptions = url.expose_secret().parse()?;
    Ok(options.extra_float_digits(None))
}

/// # Errors
/// If the URL leads to a pooler in transaction mode: LISTEN and the lock of migrations need a session of their own.
pub(crate) async fn check_direct(options: &PgConnectOptions) -> Result<()> {
    if keeps_settings(options).await? || !shares_sessions(options).await? {
        return Ok(());
    }
    Err(Error::Fault(
        "its URL leads to a connection pooler in transaction mode, through which neither migrations nor LISTEN work: set \
         COUPONRY_DATABASE_DIRECT_URL to a URL that leads to PostgreSQL itself"
            .to_owned(),
    ))
}

async fn keeps_settings(options: &PgConnectOptions) -> sqlx::Result<bool> {
    let mut connection = match options.clone().options([MARK]).connect().await {
        Ok(connection) => connection,
        Err(error) if refuses_settings(&error) => return Ok(false),
        Err(error) => return Err(error),
    };
    let mark = sqlx::query_scalar!("select current_setting('couponry.route', true)");
    let mark = mark.fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(mark.as_deref() == Some(MARK.1))
}

/// PgBouncer calls it a violation of the protocol, others a feature that they have not.
fn refuses_settings(error: &sqlx::Error) -> bool {
    matches!(code(error).as_deref(), Some("08P01" | "0A000"))
}

/// Whether two sessions that are open at once have one server process between them, or one has two: only a pooler in
/// transaction mode does that.
///
/// # Errors
/// Also if it loses the statement that both prepare.
pub(crate) async fn shares_sessions(options: &PgConnectOptions) -> Result<bool> {
    let mut one = options.connect().await?;
    let mut other = options.connect().await?;
    let first = server_process(&mut one).await?;
    let mut shares = false;
    for _ in 0..LOOKS {
        shares |= server_process(&mut other).await? == first || server_process(&mut one).await? != first;
    }
    one.close().await?;
    other.close().await?;
    Ok(shares)
}

async fn server_process(connection: &mut PgConnection) -> Result<i32> {
    let process = sqlx::query_scalar!(r#"select pg_backend_pid() as "process!""#);
    process.fetch_one(connection).await.map_err(|error| {
        if is_about_prepared_statements(&error) {
            without_prepared_statements()
        } else {
            error.into()
        }
    })
}

/// A statement that was prepared is not there, or another client's is.
fn is_about_prepared_statements(error: &sqlx::Error) -> bool {
    matches!(code(error).as_deref(), Some("26000" | "42P05"))
}

fn code(error: &sqlx::Error) -> Option<Cow<'_, str>> {
    error.as_database_error().and_then(DatabaseError::code)
}

fn without_prepared_statements() -> Error {
    Error::Fault(
        "the connection pooler loses prepared statements: PgBouncer keeps them in transaction mode from version 1.21 on, \
         with max_prepared_statements = 200"
            .to_owned(),
    )
}
