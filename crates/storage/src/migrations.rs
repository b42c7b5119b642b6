//! Bringing the schema up to date.

use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    Connection as _, PgConnection,
    migrate::{Migrate as _, MigrateError, Migrator},
    postgres::PgConnectOptions,
};

use crate::{Error, Result};

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

/// Applies what is missing, on a direct connection (past a pooler). Several processes may call this at once: one works,
/// the others wait for it.
pub async fn migrate(url: &SecretString) -> Result<()> {
    let mut connection = connect(url).await?;
    MIGRATIONS.run(&mut connection).await.map_err(told)?;
    connection.close().await?;
    Ok(())
}

/// Whether the database has exactly the migrations of this program, or more.
pub async fn schema_fits(url: &SecretString) -> Result<bool> {
    let mut connection = connect(url).await?;
    let applied = match connection.list_applied_migrations("_sqlx_migrations").await {
        Ok(applied) => applied,
        // The table is not there: nothing has been applied.
        Err(MigrateError::Execute(_)) => Vec::new(),
        Err(error) => return Err(told(error)),
    };
    connection.close().await?;
    Ok(MIGRATIONS.iter().all(|known| {
        applied
            .iter()
            .any(|done| done.version == known.version && done.checksum == known.checksum)
    }))
}

async fn connect(url: &SecretString) -> Result<PgConnection> {
    let options = PgConnectOptions::from_str(url.expose_secret())?.application_name("couponry migrate");
    Ok(PgConnection::connect_with(&options).await?)
}

fn told(error: MigrateError) -> Error {
    match error {
        MigrateError::Execute(error) => error.into(),
        MigrateError::VersionMissing(version) => Error::Fault(format!(
            "the schema has migration {version}, which this program does not know: it was made by a newer release"
        )),
        MigrateError::VersionMismatch(version) => Error::Fault(format!(
            "migration {version} was edited after it had been applied"
        )),
        other => Error::Fault(other.to_string()),
    }
}
