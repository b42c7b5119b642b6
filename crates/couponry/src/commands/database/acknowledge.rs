//! `couponry database acknowledge`: what is done about allocations that may be missing.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use serde::Serialize;
use storage::Storage;

use super::{journal, print, show};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Nothing that was answered is missing: the standby was synchronous, or nothing was asked for since the backup
    #[arg(long, conflicts_with_all = ["set_aside", "journal"])]
    nothing_lost: bool,

    /// Take so many codes of every list out of circulation, those that would go out next; and make all holds last
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    set_aside: Option<u32>,

    /// A CSV of what was handed out: coupon_list_id, code, user_id and, where there were such, request_id and campaign_id; codes
    /// that are missing are handed out as it says, and all holds last
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
}

/// What was done about one list.
#[derive(Serialize)]
struct Settled {
    coupon_list_id: String,
    set_aside: usize,
    holds_kept: i64,
}

#[derive(Serialize)]
struct Acknowledged {
    acknowledged: bool,
}

pub(super) async fn run(arguments: &Arguments, storage: &Storage) -> anyhow::Result<()> {
    let lineage = show(storage).await?;
    if !arguments.nothing_lost && arguments.set_aside.is_none() && arguments.journal.is_none() {
        bail!(
            "nothing was acknowledged. Choose --nothing-lost if no allocation can be missing, --set-aside N if up to N of \
             each list may be, or --journal FILE if it is known which ones were answered; docs/FAILOVER.md says more"
        );
    }
    if let Some(journal) = &arguments.journal {
        journal::note(journal, storage).await?;
    }
    if !arguments.nothing_lost {
        let codes = arguments
            .set_aside
            .map_or(0, |codes| usize::try_from(codes).unwrap_or(usize::MAX));
        for list in storage.active_lists().await? {
            print(&Settled {
                set_aside: storage.set_aside(&list, codes).await?,
                holds_kept: storage.keep_holds(&list).await?,
                coupon_list_id: list.public_id.to_string(),
            })?;
        }
    }
    if !storage.acknowledge(&lineage).await? {
        bail!("the database has changed again meanwhile, and nothing was acknowledged: look at it again");
    }
    print(&Acknowledged { acknowledged: true })
}
