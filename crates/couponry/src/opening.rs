//! From a database to one that can be worked with: schema, workspace.

use std::time::Duration;

use anyhow::Context as _;
use reqwest::Url;
use secrecy::SecretString;
use storage::{ConfigureKey, Error, Storage};
use tokio::time::{Instant, sleep};

use crate::{config::Bootstrap, database::Database, reminder::Reminder};

/// A database that starts at the same time as we do is given a minute.
const PATIENCE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_secs(1);

pub(crate) async fn migrate(database: &Database) -> anyhow::Result<()> {
    let give_up = Instant::now() + PATIENCE;
    let mut reminder = Reminder::default();
    loop {
        match storage::migrate(&database.direct_url).await {
            Ok(()) => return Ok(()),
            Err(Error::Unavailable(reason)) if Instant::now() < give_up => {
                if reminder.is_due(&reason, Instant::now()) {
                    tracing::warn!(reason, "waiting for the database, for a minute at most");
                }
                sleep(PAUSE).await;
            }
            Err(error) => return Err(error).context("the migrations could not be applied"),
        }
    }
}

/// For as long as it takes: somebody else applies the migrations.
pub(crate) async fn until_schema_fits(database_url: &SecretString) {
    let mut reminder = Reminder::default();
    loop {
        let reason = match storage::schema_fits(database_url).await {
            Ok(true) => return,
            Ok(false) => "`couponry migrate` applies what is missing".to_owned(),
            Err(error) => error.to_string(),
        };
        if reminder.is_due(&reason, Instant::now()) {
            tracing::warn!(reason, "the schema does not fit; looking again every second");
        }
        sleep(PAUSE).await;
    }
}

/// Checks the sessions and makes the workspace, for as long as that takes.
pub(crate) async fn until_workspace(storage: &Storage, bootstrap: Option<&Bootstrap>) {
    let mut reminder = Reminder::default();
    while let Err(error) = check_sessions(storage).await {
        if reminder.is_due(&error.to_string(), Instant::now()) {
            tracing::warn!(%error, "the database cannot be worked with; trying again every second");
        }
        sleep(PAUSE).await;
    }
    let mut reminder = Reminder::default();
    while let Err(error) = make_workspace(storage, bootstrap).await {
        if reminder.is_due(&error.to_string(), Instant::now()) {
            tracing::warn!(%error, "the configured workspace cannot be made; trying again every second");
        }
        sleep(PAUSE).await;
    }
}

/// Says which settings a connection pooler keeps from our sessions, and what sets them all the same.
pub(crate) async fn check_sessions(storage: &Storage) -> storage::Result<()> {
    for lost in storage.lost_settings().await? {
        tracing::warn!(
            setting = %lost,
            remedy = lost.remedy,
            "a connection pooler before the database does not pass on a setting, and the role does not have it: run the \
             remedy, and let the pooler connect anew"
        );
    }
    Ok(())
}

pub(crate) async fn make_workspace(storage: &Storage, bootstrap: Option<&Bootstrap>) -> storage::Result<()> {
    match bootstrap {
        Some(Bootstrap {
            workspace_id,
            api_key,
        }) => {
            report_configured_key(&storage.ensure_workspace(workspace_id, api_key).await?);
            tracing::info!(%workspace_id, "the configured workspace is there");
        }
        None if !storage.has_workspace().await? => tracing::warn!(
            "there is no workspace yet, so every request will be refused; make one, with the same settings as this \
             server: couponry workspace create --name NAME"
        ),
        None => {}
    }
    Ok(())
}

/// As long as nobody can sign in: a link by which the first person can be made.
pub(crate) async fn offer_setup(storage: &Storage, console_url: Option<&Url>) -> storage::Result<()> {
    if let Some(url) = console_url
        && let Some(token) = storage.setup_link().await?
    {
        let link = console::link(url.as_str(), &token);
        tracing::warn!(%link, "nobody can sign in to the console yet; this link makes the first admin, once, within a day");
    }
    Ok(())
}

/// What a person must hear who replaced the configured key, or started a server with the one before it.
fn report_configured_key(outcome: &ConfigureKey) {
    match outcome {
        ConfigureKey::Configured { former } if !former.is_empty() => tracing::warn!(
            ?former,
            "the configured API key is another one than before: its predecessor was revoked"
        ),
        ConfigureKey::Revoked { at } => tracing::error!(
            ends_at = %at,
            "the configured API key is a revoked one: it opens nothing from that time on and does not come back. Set \
             COUPONRY_BOOTSTRAP_API_KEY to the key that follows it"
        ),
        ConfigureKey::Configured { .. } | ConfigureKey::Known => {}
    }
}
