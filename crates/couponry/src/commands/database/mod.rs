//! `couponry database …`: whether the database has all that was handed out. docs/FAILOVER.md says when somebody has to say so.

mod acknowledge;
mod journal;

use clap::Subcommand;
use jiff::Timestamp;
use serde::Serialize;
use storage::{Lineage, Storage};

use crate::{config::Settings, database::Database, pools};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print as one JSON object what the database is now, and why no new code is handed out of it, if none is
    Show,
    /// Say that codes may be handed out of the database as it is now; without a choice it does as `show` does and says what there
    /// is to choose
    Acknowledge(acknowledge::Arguments),
}

#[derive(Serialize)]
struct Shown {
    paused: Option<&'static str>,
    cluster: String,
    timeline: i64,
    database: i64,
    relation: i64,
    acknowledged_at: Option<Timestamp>,
}

pub(crate) async fn run(command: Command, settings: &Settings) -> anyhow::Result<()> {
    let database = Database::join(settings).await?;
    let outcome = async {
        let storage = pools::background(&database, 0)?;
        let outcome = match command {
            Command::Show => show(&storage).await.map(|_| ()),
            Command::Acknowledge(arguments) => acknowledge::run(&arguments, &storage).await,
        };
        storage.close();
        outcome
    };
    let outcome = outcome.await;
    database.close().await;
    outcome
}

async fn show(storage: &Storage) -> anyhow::Result<Lineage> {
    let lineage = storage.lineage().await?;
    print(&Shown {
        paused: lineage.paused.map(storage::PauseReason::as_str),
        // A number that many readers of JSON would round.
        cluster: lineage.cluster.to_string(),
        timeline: lineage.timeline,
        database: lineage.database,
        relation: lineage.relation,
        acknowledged_at: lineage.acknowledged_at,
    })?;
    Ok(lineage)
}

#[expect(clippy::print_stdout, reason = "what the commands are for")]
fn print(line: &impl Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string(line)?);
    Ok(())
}
