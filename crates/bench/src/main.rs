//! `bench`: measures the release server over HTTP, and in the same run what a user would otherwise do.

mod figures;
mod peers;
mod plots;
mod promises;
mod results;
mod rows;
mod sections;
mod stand;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::Parser;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{Duration, Instant, timeout},
};

use crate::{
    results::{Hardware, Results},
    sections::SECTIONS,
    stand::{Stand, size::SizeName},
};

/// Measures couponry side by side with what a user would otherwise do
#[derive(Debug, Parser)]
struct Arguments {
    /// The release build of couponry
    #[arg(long)]
    server: PathBuf,
    /// Where the results and the plots go
    #[arg(long)]
    out: PathBuf,
    /// `check` is for CI: small, and only a gross ratio fails it
    #[arg(long, default_value = "normal")]
    size: SizeName,
    /// Only these sections; `full` is a hundred million codes
    #[arg(long, value_delimiter = ',', value_parser = SECTIONS.map(|(name, ..)| name))]
    only: Vec<String>,
    /// A directory on a disk, which everybody may enter; it is needed for the time of the run
    #[arg(long, env = "COUPONRY_BENCH_DIR", default_value = "/var/tmp")]
    scratch: PathBuf,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    // What is dropped here ends its processes and removes its files.
    tokio::select! {
        outcome = Box::pin(run(arguments)) => outcome,
        _ = interrupt.recv() => Ok(ExitCode::from(130)),
        _ = terminate.recv() => Ok(ExitCode::from(143)),
    }
}

/// What is measured is started, the sections measure one after the other, the results are written.
async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let (size, only) = (arguments.size, arguments.only);
    let mut stand = Box::pin(Stand::start(&arguments.server, &arguments.scratch, size.size())).await?;
    let hardware = Hardware::look(&mut stand.database).await?;
    let mut failed = false;
    for (name, sizes, measure) in SECTIONS {
        let unasked = only.is_empty() && sizes.contains(&size);
        if !unasked && !only.iter().any(|only| only == name) {
            continue;
        }
        // Far beyond what it takes.
        let patience = Duration::from_mins(if name == "full" { 240 } else { 20 });
        let started = Instant::now();
        let measured = timeout(patience, measure(&mut stand)).await;
        if let Err(error) = measured.context("it takes too long").flatten() {
            eprintln!("{name} failed: {error:#}");
            failed = true;
        }
        eprintln!("{name}: {:.0} s", started.elapsed().as_secs_f64());
    }
    let (size, rows) = (format!("{size:?}").to_lowercase(), stand.rows.complete());
    let results = Results { size, hardware, rows };
    results.write(&arguments.out)?;
    for row in results.rows.iter().filter(|row| row.is_grossly_missed()) {
        eprintln!("grossly missed: {}: {}", row.promise.what, row.measured());
        failed = true;
    }
    Ok(ExitCode::from(u8::from(failed)))
}
