//! `couponry key list`: the keys that a workspace has or had.

use clap::Args;
use domain::{WorkspaceId, instant_with_zone};
use serde::Serialize;
use storage::{KeyStatus, StoredApiKey};

use super::{print, with_keys};
use crate::{commands::workspace_create::workspace_id, config::Settings};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The workspace
    #[arg(long, value_name = "ID", value_parser = workspace_id)]
    workspace_id: WorkspaceId,
}

#[derive(Serialize)]
struct Listed {
    key_id: i64,
    label: String,
    configured: bool,
    status: &'static str,
    role: &'static str,
    /// Null: all.
    lists: Option<Vec<String>>,
    created_at: String,
    last_used_on: Option<String>,
    revoked_at: Option<String>,
}

pub(super) async fn run(arguments: &Arguments, settings: &Settings) -> anyhow::Result<()> {
    let keys = with_keys(settings, &arguments.workspace_id, async |storage, owner| {
        Ok(storage.api_keys(owner).await?)
    });
    for key in keys.await? {
        print(&Listed::from(key))?;
    }
    Ok(())
}

impl From<StoredApiKey> for Listed {
    fn from(key: StoredApiKey) -> Self {
        Self {
            key_id: key.key_id,
            label: key.label,
            configured: key.configured,
            status: match key.status {
                KeyStatus::Active => "active",
                KeyStatus::Ending => "ending",
                KeyStatus::Revoked => "revoked",
            },
            role: key.role.as_str(),
            lists: key
                .lists
                .map(|lists| lists.iter().map(|(id, _)| id.to_string()).collect()),
            created_at: instant_with_zone(key.created_at),
            last_used_on: key.last_used_on,
            revoked_at: key.revoked_at.map(instant_with_zone),
        }
    }
}
