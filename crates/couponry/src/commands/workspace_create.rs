//! `couponry workspace create`: a tenant and its API key.

use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use clap::Args;
use domain::WorkspaceId;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use crate::{
    config::{self, Settings},
    database::Database,
    pools,
};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What people call it
    #[arg(long)]
    name: String,

    /// The id that clients send as the user of Basic authentication; absent: a random one
    #[arg(long, value_name = "ID", value_parser = workspace_id)]
    workspace_id: Option<WorkspaceId>,

    /// The key that clients send as the password, 16 to 255 characters; absent: a random one
    #[arg(long, value_name = "KEY")]
    api_key: Option<SecretString>,

    /// File that holds the key
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<PathBuf>,
}

#[derive(Serialize)]
struct Made<'a> {
    workspace_id: &'a str,
    api_key: &'a str,
}

pub(crate) async fn run(arguments: Arguments, settings: &Settings) -> anyhow::Result<()> {
    let key = config::read_api_key(arguments.api_key.as_ref(), arguments.api_key_file.as_deref())
        .map_err(|reason| anyhow!("--api-key {reason}"))?;
    let database = Database::join(settings).await?;
    let made = create(&database, settings, &arguments.name, arguments.workspace_id, key).await;
    database.close().await;
    print(made?)
}

async fn create(
    database: &Database,
    settings: &Settings,
    name: &str,
    id: Option<WorkspaceId>,
    key: Option<SecretString>,
) -> anyhow::Result<(WorkspaceId, SecretString)> {
    if settings.migrate {
        storage::migrate(&database.direct_url).await?;
    }
    let storage = pools::background(database, 0)?;
    let made = storage.create_workspace(name, id, key).await;
    storage.close();
    made?.context("a workspace with this id exists already")
}

#[expect(clippy::print_stdout, reason = "what the command is for")]
fn print((id, key): (WorkspaceId, SecretString)) -> anyhow::Result<()> {
    let made = Made {
        workspace_id: id.as_str(),
        api_key: key.expose_secret(),
    };
    println!("{}", serde_json::to_string(&made)?);
    Ok(())
}

pub(super) fn workspace_id(text: &str) -> Result<WorkspaceId, String> {
    WorkspaceId::new(text).map_err(|error| error.to_string())
}
