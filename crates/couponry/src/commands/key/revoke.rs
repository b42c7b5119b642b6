//! `couponry key revoke`: the end of a key.

use clap::Args;
use domain::{WorkspaceId, instant_with_zone};
use serde::Serialize;
use storage::RevokedKey;

use super::{no_key, print, with_keys};
use crate::{commands::workspace_create::workspace_id, config::Settings};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The workspace
    #[arg(long, value_name = "ID", value_parser = workspace_id)]
    workspace_id: WorkspaceId,

    /// The key's number, as `couponry key list` has it
    #[arg(long, value_name = "N")]
    key_id: i64,
}

#[derive(Serialize)]
struct Ended<'a> {
    key_id: i64,
    workspace_id: &'a str,
    status: &'static str,
    revoked_at: String,
}

pub(super) async fn run(arguments: &Arguments, settings: &Settings) -> anyhow::Result<()> {
    let (workspace, key_id) = (&arguments.workspace_id, arguments.key_id);
    let revoked = with_keys(settings, workspace, async |storage, owner| {
        Ok(storage.revoke_api_key(owner, key_id).await?)
    });
    let Some(RevokedKey { at, configured, left }) = revoked.await? else {
        return Err(no_key(workspace, key_id));
    };
    if configured {
        eprintln!(
            "couponry: key {key_id} was set by COUPONRY_BOOTSTRAP_API_KEY: give the servers another one, or start them \
             without"
        );
    }
    // A leaked key must go at once, also if it is the only one.
    if left == 0 {
        eprintln!(
            "couponry: the workspace {workspace} has no key left, so every request for it is refused; couponry key \
             create makes one"
        );
    }
    print(&Ended {
        key_id,
        workspace_id: workspace.as_str(),
        status: "revoked",
        revoked_at: instant_with_zone(at),
    })
}
