//! `bench`: measures the release server over HTTP, and in the same run what a user would otherwise do.

mod arguments;
mod bench;
mod client;
mod codes;
mod database;
mod figures;
mod file_host;
mod hardware;
mod peer;
mod plots;
mod process;
mod report;
mod rows;
mod scratch;
mod sections;
mod server;
mod wrk;

use std::process::ExitCode;

use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};

use arguments::{Arguments, Command};

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    match Arguments::parse().command {
        Command::Run(run) => {
            let (mut interrupt, mut terminate) =
                (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
            // What is dropped here ends its processes and removes its files.
            tokio::select! {
                outcome = Box::pin(bench::run(run)) => outcome,
                _ = interrupt.recv() => Ok(ExitCode::from(130)),
                _ = terminate.recv() => Ok(ExitCode::from(143)),
            }
        }
        Command::Peer(peer) => peer::serve(peer).await.map(|()| ExitCode::SUCCESS),
        Command::Table { directory } => {
            report::say(&report::read(&directory)?.markdown())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
