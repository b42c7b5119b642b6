//! `couponry key …`: who may ask for a workspace. One file per subcommand.

mod create;
mod list;
mod revoke;
mod rotate;

use anyhow::anyhow;
use clap::Subcommand;
use domain::WorkspaceId;
use serde::Serialize;
use storage::{KeyOwner, MOST_KEYS, Storage};

use crate::{config::Settings, database::Database, pools};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a key and print it as one JSON object; it is shown this once
    Create(create::Arguments),
    /// Print the workspace's keys, one JSON object a line, the newest first; never the keys themselves
    List(list::Arguments),
    /// End a key: every server refuses it within 30 seconds
    Revoke(revoke::Arguments),
    /// Make a key that follows another one, print it as one JSON object, and end the other one
    Rotate(rotate::Arguments),
}

pub(crate) async fn run(command: Command, settings: &Settings) -> anyhow::Result<()> {
    match command {
        Command::Create(arguments) => create::run(arguments, settings).await,
        Command::List(arguments) => list::run(&arguments, settings).await,
        Command::Revoke(arguments) => revoke::run(&arguments, settings).await,
        Command::Rotate(arguments) => rotate::run(&arguments, settings).await,
    }
}

/// Does something about the keys of a workspace, which must exist.
async fn with_keys<T>(
    settings: &Settings,
    workspace: &WorkspaceId,
    action: impl AsyncFnOnce(&Storage, &KeyOwner) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let database = Database::join(settings).await?;
    let outcome = async {
        if settings.migrate {
            storage::migrate(&database.direct_url).await?;
        }
        let storage = pools::background(&database, 0)?;
        let outcome = match storage.key_owner(workspace).await {
            Ok(Some(owner)) => action(&storage, &owner).await,
            Ok(None) => Err(anyhow!("there is no workspace {workspace}")),
            Err(error) => Err(error.into()),
        };
        storage.close();
        outcome
    };
    let outcome = outcome.await;
    database.close().await;
    outcome
}

fn no_key(workspace: &WorkspaceId, key_id: i64) -> anyhow::Error {
    anyhow!("the workspace {workspace} has no key {key_id}; see couponry key list --workspace-id {workspace}")
}

fn too_many(workspace: &WorkspaceId) -> anyhow::Error {
    anyhow!(
        "the workspace {workspace} has {MOST_KEYS} keys, the most there may be; revoke one that is not used any more"
    )
}

#[expect(clippy::print_stdout, reason = "what the commands are for")]
fn print(line: &impl Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string(line)?);
    Ok(())
}
