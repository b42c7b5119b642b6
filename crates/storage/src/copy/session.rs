//! The connection of one `COPY`, and the transaction that it is in.

use std::{io, time::Duration};

use sqlx::PgConnection;
use tokio::time::timeout;

use super::STEP;
use crate::{Result, pool::Pool};

/// What a `COPY` is under, set within its transaction: a session's settings would not pass a connection pooler.
const SETTINGS: &str = "begin isolation level read committed;
                        set local statement_timeout = '10min';
                        set local idle_in_transaction_session_timeout = '10s';
                        set local client_connection_check_interval = '1s'";

/// A connection for one `COPY`, in a transaction that [`commit`] ends. `more` are statements like those of [`SETTINGS`].
pub(crate) async fn connection(pool: &Pool, more: &'static str) -> Result<PgConnection> {
    // Boxed: opening a connection is a large future, and whoever copies is part of many others.
    let mut connection = Box::pin(in_time(pool.connect())).await?;
    begin(&mut connection, more).await?;
    Ok(connection)
}

/// Begins the transaction of a `COPY`.
pub(crate) async fn begin(connection: &mut PgConnection, more: &'static str) -> Result<()> {
    in_time(sqlx::raw_sql(SETTINGS).execute(&mut *connection)).await?;
    if !more.is_empty() {
        in_time(sqlx::raw_sql(more).execute(&mut *connection)).await?;
    }
    Ok(())
}

/// Keeps what was written, and gives a pooler its connection to the server back: it would close one that is left in a
/// transaction.
pub(crate) async fn commit(mut connection: PgConnection) -> Result<()> {
    in_time(sqlx::raw_sql("commit").execute(&mut connection)).await?;
    Ok(())
}

/// A step of a `COPY` that gets no answer is an error, not a wait without end.
pub(super) async fn in_time<T>(step: impl Future<Output = sqlx::Result<T>>) -> Result<T> {
    within(STEP, step).await
}

pub(super) async fn within<T>(limit: Duration, step: impl Future<Output = sqlx::Result<T>>) -> Result<T> {
    match timeout(limit, step).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(sqlx::Error::Io(io::Error::new(
            io::ErrorKind::TimedOut,
            "COPY got no answer in time",
        ))
        .into()),
    }
}
