//! Bringing the schema up to date.

use std::{sync::LazyLock, time::Duration};

use secrecy::SecretString;
use sqlx::{
    Connection as _, PgConnection, PgExecutor,
    migrate::{Migrate as _, MigrateError, Migrator},
};
use tokio::time::timeout;

use crate::{Error, Result, route};

/// Migrations that this program does not know are no reason to refuse: the next release has applied them, and this one
/// goes on, and starts again, until all its processes are replaced. [`check_release`] says when no longer.
static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrations = sqlx::migrate!("../../migrations");
    migrations.set_ignore_missing(true);
    migrations
});

/// What is done after them where the database is spread over machines.
const DISTRIBUTION: &str = include_str!("../../../migrations/distribution/distribute.sql");

/// By which the sessions are known.
const NAME: &str = "couponry migrate";
/// How long a look at the schema may take, connecting included.
const LOOK: Duration = Duration::from_secs(10);
/// How long all migrations together may take, and the wait for another process that applies them.
const WORK: Duration = Duration::from_hours(2);

/// Applies what is missing, on a direct connection (past a pooler). Several processes may call this at once: one works,
/// the others wait for it. A database that falls silent ends it.
pub async fn migrate(url: &SecretString) -> Result<()> {
    let mut connection = within(LOOK, connect(url, NAME)).await?;
    within(WORK, async {
        MIGRATIONS.run(&mut connection).await.map_err(told)?;
        check_release(&mut connection).await?;
        if is_spread(&mut connection).await? {
            sqlx::raw_sql(DISTRIBUTION).execute(&mut connection).await?;
        }
        Ok(connection.close().await?)
    })
    .await
}

/// Whether the database has the migrations of this program, and perhaps more.
///
/// # Errors
/// Also if it needs a newer program.
pub async fn schema_fits(url: &SecretString) -> Result<bool> {
    within(LOOK, look(url)).await
}

pub(crate) async fn within<T>(limit: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
    let silent = || Error::Unavailable("the database gave no answer in time".to_owned());
    timeout(limit, work).await.unwrap_or_else(|_| Err(silent()))
}

async fn look(url: &SecretString) -> Result<bool> {
    let mut connection = connect(url, NAME).await?;
    let applied = match connection.list_applied_migrations("_sqlx_migrations").await {
        Ok(applied) => applied,
        // The table is not there: nothing has been applied.
        Err(MigrateError::Execute(_)) => Vec::new(),
        Err(error) => return Err(told(error)),
    };
    let fits = MIGRATIONS.iter().all(|known| {
        applied
            .iter()
            .any(|done| done.version == known.version && done.checksum == known.checksum)
    });
    if fits {
        check_release(&mut connection).await?;
    }
    connection.close().await?;
    Ok(fits)
}

/// Whether the database has the extension Citus, by which it is spread over machines.
pub(crate) async fn is_spread(database: impl PgExecutor<'_>) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        r#"select exists (select from pg_extension where extname = 'citus') as "found!""#
    );
    found.fetch_one(database).await
}

/// A schema may need a newer program than this one, which then must not touch it.
async fn check_release(connection: &mut PgConnection) -> Result<()> {
    let required = sqlx::query_scalar!("select required_migration from deployment");
    let required = required.fetch_one(connection).await?;
    let newest = MIGRATIONS.iter().map(|known| known.version).max();
    if newest < Some(required) {
        let newest = newest.unwrap_or_default();
        return Err(Error::Fault(format!(
            "the schema needs a program with migration {required}, and this one's newest is {newest}: start the release \
             that made the schema, or the one before it"
        )));
    }
    Ok(())
}

/// A session of the caller's own. A role's `statement_timeout` is meant for the pools: a migration may take longer.
pub(crate) async fn connect(url: &SecretString, name: &str) -> Result<PgConnection> {
    let options = route::options(url)?.application_name(name);
    route::check_direct(&options).await?;
    let mut connection = PgConnection::connect_with(&options).await?;
    sqlx::raw_sql("set statement_timeout = 0")
        .execute(&mut connection)
        .await?;
    Ok(connection)
}

fn told(error: MigrateError) -> Error {
    match error {
        MigrateError::Execute(error) => error.into(),
        MigrateError::VersionMismatch(version) => Error::Fault(format!(
            "migration {version} was edited after it had been applied"
        )),
        other => Error::Fault(other.to_string()),
    }
}
