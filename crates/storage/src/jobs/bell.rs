//! Word of new jobs, by LISTEN on a direct connection: a pooler in transaction mode does not pass it on, so whoever waits
//! for it must also look from time to time.

#![expect(
    clippy::disallowed_types,
    reason = "sqlx's listener takes its connection from a pool: one of its own, of one"
)]

use std::time::Duration;

use secrecy::SecretString;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::{runtime::Builder, sync::oneshot, task::spawn_blocking, time::timeout};

use crate::{Error, Result, route};

/// Without a word for so long, the connection is asked whether it still is one.
const QUIET: Duration = Duration::from_secs(5);
/// How long connecting, and that answer, may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// Calls `ring` once when it listens (a job may have come while nobody did) and again whenever a job was enqueued. Ends
/// when the connection is lost or gives no answer.
///
/// The listener has a thread and a runtime of its own: when sqlx's listener is dropped it leaves a task behind that waits
/// for the server's farewell, which a silent one never sends. That task ends with the runtime.
pub async fn hear_of_jobs(url: &SecretString, ring: impl Fn() + Send + 'static) -> Result<()> {
    let options = route::options(url)?.application_name("couponry jobs");
    let (_here, gone) = oneshot::channel::<()>();
    let heard = spawn_blocking(move || {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::Fault(format!("no runtime for LISTEN: {error}")))?;
        let heard = runtime.block_on(async {
            tokio::select! {
                heard = hear(options, ring) => heard,
                _ = gone => Ok(()),
            }
        });
        runtime.shutdown_background();
        heard
    });
    heard
        .await
        .unwrap_or_else(|_| Err(Error::Fault("the thread of LISTEN died".to_owned())))
}

async fn hear(options: PgConnectOptions, ring: impl Fn()) -> Result<()> {
    match timeout(PATIENCE, route::check_direct(&options)).await {
        Ok(checked) => checked?,
        Err(_) => return Err(Error::Unavailable("LISTEN got no answer in time".to_owned())),
    }
    let pool: sqlx::PgPool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(PATIENCE)
        .connect_lazy_with(options);
    let mut listener = in_time(PgListener::connect_with(&pool)).await?;
    // A lost connection is an end: whoever calls again looks for what was missed.
    listener.eager_reconnect(false);
    in_time(listener.listen("couponry_job")).await?;
    ring();
    loop {
        match timeout(QUIET, heard(&mut listener)).await {
            Ok(word) => {
                word?;
                ring();
            }
            Err(_) => {
                in_time(sqlx::query("select 1").execute(&mut listener)).await?;
            }
        }
    }
}

async fn heard(listener: &mut PgListener) -> Result<()> {
    match listener.try_recv().await? {
        Some(_) => Ok(()),
        None => Err(Error::Unavailable("the connection of LISTEN was lost".to_owned())),
    }
}

async fn in_time<T>(step: impl Future<Output = sqlx::Result<T>>) -> Result<T> {
    match timeout(PATIENCE, step).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(Error::Unavailable("LISTEN got no answer in time".to_owned())),
    }
}
