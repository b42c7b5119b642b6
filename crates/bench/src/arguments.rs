//! What can be asked for on the command line, and how big each kind of run is.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::sections::Section;

#[derive(Debug, Parser)]
#[command(about = "Measures couponry side by side with what a user would otherwise do")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Measure, print the table, write results.json and the plots
    Run(Run),
    /// One of those that couponry is compared with, behind the same HTTP layer; `run` starts it
    #[command(subcommand)]
    Peer(Peer),
    /// Print the Markdown table of the results.json in a directory
    Table { directory: PathBuf },
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The release build of couponry
    #[arg(long)]
    pub(crate) server: PathBuf,
    /// Where results.json and the plots go
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// `check` is for CI: small, and only a gross ratio fails it
    #[arg(long, default_value = "normal")]
    pub(crate) size: SizeName,
    /// Only these sections
    #[arg(long, value_delimiter = ',')]
    pub(crate) only: Vec<Section>,
    /// A directory on a disk, which everybody may enter; it is needed for the time of the run
    #[arg(long, env = "COUPONRY_BENCH_DIR", default_value = "/var/tmp")]
    pub(crate) scratch: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Peer {
    /// A row a code, taken by UPDATE … FOR UPDATE SKIP LOCKED
    SkipLocked {
        #[arg(long)]
        database: String,
        /// Of the pool
        #[arg(long)]
        connections: u32,
    },
    /// A list in Redis, popped by a script that records who got what
    Redis {
        #[arg(long)]
        url: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SizeName {
    Check,
    Normal,
    Full,
}

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) name: SizeName,
    /// Codes of a file.
    pub(crate) codes: u64,
    /// How often what is noisy is measured; the median counts.
    pub(crate) rounds: usize,
    /// Of each round under load.
    pub(crate) seconds: u64,
    /// Lines of the NDJSON request.
    pub(crate) lines: u64,
    /// Files of the list of many small files.
    pub(crate) small_files: u64,
    /// Free space that the run may need.
    pub(crate) gigabytes: u64,
}

impl SizeName {
    pub(crate) fn size(self) -> Size {
        let normal = Size {
            name: self,
            codes: 7_700_000,
            rounds: 3,
            seconds: 5,
            lines: 1_000_000,
            small_files: 1_000,
            gigabytes: 12,
        };
        match self {
            Self::Normal => normal,
            Self::Full => Size {
                gigabytes: 45,
                ..normal
            },
            Self::Check => Size {
                codes: 1_000_000,
                rounds: 1,
                seconds: 3,
                lines: 100_000,
                small_files: 50,
                gigabytes: 5,
                ..normal
            },
        }
    }
}
