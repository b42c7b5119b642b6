//! Breaks what couponry stands on, and judges what it answered: a line for each guarantee, with figures.

mod experiments;
mod history;
mod receiver;
mod relay;
mod server;
mod stand;
mod stock;
mod storm;

use std::{
    fs,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::{Parser, ValueEnum as _};

use crate::experiments::{Bounds, Experiment, Run};

/// Experiments on the promises of couponry
#[derive(Debug, Parser)]
struct Arguments {
    /// The server to break: a release build
    #[arg(long, value_name = "FILE")]
    program: PathBuf,

    /// What decides what is broken when; absent: a random one, which is printed
    #[arg(long)]
    seed: Option<u64>,

    /// How long one experiment may take, in seconds; one that was bounded says so by its figures
    #[arg(long, default_value_t = 60)]
    seconds: u64,

    /// How often servers are killed, stand still or are told to end
    #[arg(long, default_value_t = 10)]
    kills: u32,

    /// How often PostgreSQL is killed, and its disk full
    #[arg(long, default_value_t = 5)]
    database_kills: u32,

    /// How often a standby takes over, of each kind, and how often a backup is restored
    #[arg(long, default_value_t = 3)]
    failovers: u32,

    /// How often two hundred ask for the last code, and eight files are loaded at once
    #[arg(long, default_value_t = 20)]
    rounds: u32,

    /// Which ones; absent: all
    #[arg(value_enum)]
    experiments: Vec<Experiment>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("chaos: an experiment could not be made: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every promise held.
#[expect(clippy::print_stdout, reason = "what the program is for")]
async fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    let seed = arguments.seed.unwrap_or_else(rand::random);
    println!("seed {seed}");
    let kept = std::env::temp_dir().join(format!("couponry-chaos-{seed}"));
    fs::create_dir_all(&kept)?;
    let all = Experiment::value_variants();
    let chosen = if arguments.experiments.is_empty() {
        all
    } else {
        arguments.experiments.as_slice()
    };
    let mut all_held = true;
    for experiment in chosen {
        let run = Run {
            program: arguments.program.clone(),
            seed,
            kept: kept.clone(),
            bounds: Bounds {
                until: Instant::now() + Duration::from_secs(arguments.seconds),
                kills: arguments.kills,
                database_kills: arguments.database_kills,
                failovers: arguments.failovers,
                rounds: arguments.rounds,
            },
        };
        for verdict in experiment.make(&run).await? {
            println!("{verdict}");
            for violation in verdict.violations.iter().take(10) {
                println!("     {violation}");
            }
            all_held &= verdict.violations.is_empty();
        }
    }
    if all_held {
        fs::remove_dir_all(&kept)?;
    } else {
        println!("histories and logs are kept in {}", kept.display());
    }
    Ok(all_held)
}
