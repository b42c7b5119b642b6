//! One run: what is measured is started, the sections measure one after the other, the results are written.

use std::{mem, path::PathBuf, process::ExitCode, time::Instant};

use anyhow::Context as _;
use clap::Parser;
use tokio::time::timeout;

use crate::{
    results::{Hardware, Results},
    sections::{self, Section},
    stand::{Stand, size::SizeName},
};

/// Measures couponry side by side with what a user would otherwise do
#[derive(Debug, Parser)]
pub(crate) struct Arguments {
    /// The release build of couponry
    #[arg(long)]
    server: PathBuf,
    /// Where the results and the plots go
    #[arg(long)]
    out: PathBuf,
    /// `check` is for CI: small, and only a gross ratio fails it
    #[arg(long, default_value = "normal")]
    size: SizeName,
    /// Only these sections
    #[arg(long, value_delimiter = ',')]
    only: Vec<Section>,
    /// A directory on a disk, which everybody may enter; it is needed for the time of the run
    #[arg(long, env = "COUPONRY_BENCH_DIR", default_value = "/var/tmp")]
    scratch: PathBuf,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let size = arguments.size;
    let stand = Stand::start(&arguments.server, &arguments.scratch, size.size());
    let mut stand = Box::pin(stand).await?;
    let hardware = Hardware::look(&mut stand.database).await?;
    let mut failed = false;
    for section in sections::chosen(&arguments.only, size) {
        let started = Instant::now();
        let measured = timeout(section.patience(), Box::pin(section.measure(&mut stand))).await;
        if let Err(error) = measured.context("it takes too long").flatten() {
            eprintln!("{section:?} failed: {error:#}");
            failed = true;
        }
        eprintln!("{section:?}: {:.0} s", started.elapsed().as_secs_f64());
    }
    let results = Results {
        size: format!("{size:?}").to_lowercase(),
        hardware,
        rows: mem::take(&mut stand.rows).complete(),
    };
    results.write(&arguments.out)?;
    for row in results.rows.iter().filter(|row| row.is_grossly_missed()) {
        eprintln!("grossly missed: {}: {}", row.what, row.measured());
        failed = true;
    }
    Ok(ExitCode::from(u8::from(failed)))
}
