//! `bench`: measures the release server over HTTP, and in the same run what a user would otherwise do.

mod figures;
mod peers;
mod plots;
mod promises;
mod results;
mod rows;
mod run;
mod sections;
mod stand;

use std::process::ExitCode;

use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = run::Arguments::parse();
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    // What is dropped here ends its processes and removes its files.
    tokio::select! {
        outcome = Box::pin(run::run(arguments)) => outcome,
        _ = interrupt.recv() => Ok(ExitCode::from(130)),
        _ = terminate.recv() => Ok(ExitCode::from(143)),
    }
}
