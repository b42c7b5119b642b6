//! `couponry key rotate`: a key that follows another one.

use std::time::Duration;

use anyhow::anyhow;
use clap::Args;
use domain::{WorkspaceId, instant_with_zone};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use storage::{RotateKey, RotateKeyRefusal};

use super::{no_key, print, too_many, with_keys};
use crate::{commands::workspace_create::workspace_id, config::Settings};

/// Thirty days.
const LONGEST_OVERLAP: u64 = 30 * 24 * 60 * 60;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The workspace
    #[arg(long, value_name = "ID", value_parser = workspace_id)]
    workspace_id: WorkspaceId,

    /// The number of the key that is to be followed, as `couponry key list` has it
    #[arg(long, value_name = "N")]
    key_id: i64,

    /// For how long both keys open the workspace, so that clients can be moved: up to 30 days
    #[arg(
        long,
        value_name = "S",
        default_value_t = 0,
        value_parser = clap::value_parser!(u64).range(..=LONGEST_OVERLAP)
    )]
    overlap_seconds: u64,
}

#[derive(Serialize)]
struct Rotated<'a> {
    key_id: i64,
    workspace_id: &'a str,
    label: &'a str,
    api_key: &'a str,
    former_key_id: i64,
    former_ends_at: String,
}

pub(super) async fn run(arguments: &Arguments, settings: &Settings) -> anyhow::Result<()> {
    let (workspace, key_id) = (&arguments.workspace_id, arguments.key_id);
    let overlap = Duration::from_secs(arguments.overlap_seconds);
    let rotated = with_keys(settings, workspace, async |storage, owner| {
        Ok(storage.rotate_api_key(owner, key_id, overlap).await?)
    });
    match rotated.await? {
        RotateKey::Rotated {
            key_id: fresh,
            secret,
            label,
            former_ends_at,
            former_configured,
        } => {
            if former_configured {
                eprintln!(
                    "couponry: key {key_id} was set by COUPONRY_BOOTSTRAP_API_KEY: give the servers the new one, or \
                     start them without"
                );
            }
            print(&Rotated {
                key_id: fresh,
                workspace_id: workspace.as_str(),
                label: &label,
                api_key: secret.expose_secret(),
                former_key_id: key_id,
                former_ends_at: instant_with_zone(former_ends_at),
            })
        }
        RotateKey::Refused(why) => Err(match why {
            RotateKeyRefusal::NoKey => no_key(workspace, key_id),
            RotateKeyRefusal::Revoked => {
                anyhow!("key {key_id} is revoked, or its end is set; couponry key create makes another one")
            }
            RotateKeyRefusal::TooMany => too_many(workspace),
        }),
    }
}
