//! `couponry key create`: one more key of a workspace.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use domain::{KeyRole, Name, PublicId, WorkspaceId};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use storage::{CreateKey, CreateKeyRefusal, KeyRights, MOST_LISTS_OF_KEY};

use super::{print, too_many, with_keys};
use crate::{
    commands::workspace_create::workspace_id,
    config::{self, Settings},
};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The workspace
    #[arg(long, value_name = "ID", value_parser = workspace_id)]
    workspace_id: WorkspaceId,

    /// What the key is for: 1 to 255 characters
    #[arg(long, value_name = "TEXT", value_parser = label)]
    label: Name,

    /// What it may do: read; allocate, that is read and hand out codes; or manage, that is everything
    #[arg(long, value_name = "ROLE", default_value = "manage", value_parser = role)]
    role: KeyRole,

    /// The lists that it sees, by their ids, up to 1,000; absent: all lists, also those that are made later
    #[arg(long = "list", value_name = "ID", num_args = 1.., value_parser = list)]
    lists: Option<Vec<PublicId>>,

    /// The key, 16 to 255 characters; absent: a random one
    #[arg(long, value_name = "KEY")]
    api_key: Option<SecretString>,

    /// File that holds the key
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<PathBuf>,
}

#[derive(Serialize)]
struct Created<'a> {
    key_id: i64,
    workspace_id: &'a str,
    label: &'a str,
    role: &'static str,
    lists: Option<Vec<String>>,
    api_key: &'a str,
}

pub(super) async fn run(arguments: Arguments, settings: &Settings) -> anyhow::Result<()> {
    let key = config::read_api_key(arguments.api_key.as_ref(), arguments.api_key_file.as_deref())
        .map_err(|reason| anyhow!("--api-key {reason}"))?;
    let (workspace, label) = (&arguments.workspace_id, &arguments.label);
    let rights = KeyRights {
        role: arguments.role,
        lists: arguments.lists,
    };
    let created = with_keys(settings, workspace, async |storage, owner| {
        Ok(storage.create_api_key(owner, label, &rights, key).await?)
    });
    match created.await? {
        CreateKey::Created { key_id, secret } => print(&Created {
            key_id,
            workspace_id: workspace.as_str(),
            label: label.as_str(),
            role: rights.role.as_str(),
            lists: rights
                .lists
                .map(|lists| lists.iter().map(PublicId::to_string).collect()),
            api_key: secret.expose_secret(),
        }),
        CreateKey::Refused(why) => Err(match why {
            CreateKeyRefusal::Taken => anyhow!("--api-key is a key of the workspace already"),
            CreateKeyRefusal::Revoked => {
                anyhow!("--api-key was revoked, and a revoked key does not come back; choose another one")
            }
            CreateKeyRefusal::TooMany => too_many(workspace),
            CreateKeyRefusal::NoList => anyhow!("--list names a list that the workspace {workspace} has not"),
            CreateKeyRefusal::TooManyLists => {
                anyhow!("--list names more than {MOST_LISTS_OF_KEY} lists, the most there may be")
            }
        }),
    }
}

fn label(text: &str) -> Result<Name, String> {
    Name::new(text).map_err(|error| error.to_string())
}

fn role(text: &str) -> Result<KeyRole, String> {
    text.parse()
        .map_err(|error: domain::NotAKeyRole| error.to_string())
}

fn list(text: &str) -> Result<PublicId, String> {
    text.parse()
        .map_err(|_| "must be 24 lower-case hex digits".to_owned())
}
