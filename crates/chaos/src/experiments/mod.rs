//! The experiments, each of which judges one promise or a few.

mod away;
mod callbacks;
mod edge;
mod failovers;
mod full_disk;
mod kills;
mod loads;
mod mails;
mod memory;
mod overlaps;
mod races;
mod restarts;
mod routes;
mod stops;

use std::{
    fmt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::ValueEnum;
use rand::{SeedableRng as _, rngs::StdRng};

use crate::{
    history::Loss,
    server::Settings,
    stand::Stand,
    stock::{Auditor, Stock},
    storm::Aftermath,
};

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Experiment {
    /// G1, G2, G6: many ask for the last code, one key from all sides, a list whose transactions are slow and fail
    Races,
    /// G3, G5, G7: servers are killed while clients ask, and hang up
    ServerKills,
    /// G4: PostgreSQL is killed, and stands still
    DatabaseKills,
    /// G13: servers are killed while files are loaded
    LoadKills,
    /// G10: synchronous and asynchronous standbys take over
    Failovers,
    /// G11: backups are restored
    Restores,
    /// G35: the database is away in every way, or somebody else has its connections or locks
    DatabaseAway,
    /// G37: the database's disk is full
    FullDisk,
    /// G3, G38: servers stand still while clients ask and files are loaded
    ServerStops,
    /// G34: servers are told to end, one after the other, while clients ask
    RollingRestarts,
    /// G23: servers are killed before callbacks are made, and receivers fail
    Callbacks,
    /// G24, G26: servers are killed while shortages are told, and the mail relay fails
    Mails,
    /// G14, G18: eight files for one list at once
    FilesAtOnce,
    /// G33: requests that are nonsense, on every route, beside a thousand half heads
    Edge,
    /// G16: eight files of 100 MB at once, for one server
    Memory,
}

/// What an experiment is told.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) program: PathBuf,
    pub(crate) seed: u64,
    /// Where histories and logs are left.
    pub(crate) kept: PathBuf,
    pub(crate) bounds: Bounds,
}

/// How much of it.
#[derive(Debug)]
pub(crate) struct Bounds {
    pub(crate) until: Instant,
    pub(crate) kills: u32,
    pub(crate) database_kills: u32,
    pub(crate) failovers: u32,
    pub(crate) rounds: u32,
}

impl Bounds {
    /// Numbers up to this, as long as there is time.
    pub(crate) fn times(&self, most: u32) -> impl Iterator<Item = u32> {
        let until = self.until;
        (0..most).take_while(move |_| Instant::now() < until)
    }
}

/// What became of a promise.
#[derive(Debug)]
pub(crate) struct Verdict {
    guarantee: &'static str,
    figures: Vec<(&'static str, u64)>,
    pub(crate) violations: Vec<String>,
    /// Why nothing can be said of it.
    untried: Option<String>,
}

impl Verdict {
    /// The first figure is how often it was tried.
    fn new(
        guarantee: &'static str,
        figures: impl Into<Vec<(&'static str, u64)>>,
        violations: Vec<String>,
    ) -> Self {
        let figures = figures.into();
        let was_tried = figures.first().is_none_or(|(_, times)| *times > 0);
        Self {
            guarantee,
            figures,
            violations,
            untried: (!was_tried).then(|| "there was no time for it".to_owned()),
        }
    }

    /// Where this machine does not allow the experiment.
    fn untried(guarantee: &'static str, why: &anyhow::Error) -> Self {
        Self {
            untried: Some(format!("{why:#}")),
            ..Self::new(guarantee, Vec::new(), Vec::new())
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(why) = &self.untried {
            return write!(f, "{:<4} untried: {why}", self.guarantee);
        }
        let word = if self.violations.is_empty() {
            "held"
        } else {
            "BROKEN"
        };
        write!(f, "{:<4} {word}: ", self.guarantee)?;
        for (what, number) in &self.figures {
            write!(f, "{what} {number}, ")?;
        }
        write!(f, "violations {}", self.violations.len())
    }
}

impl Experiment {
    pub(crate) async fn make(self, run: &Run) -> anyhow::Result<Vec<Verdict>> {
        match self {
            Self::Races => races::make(run).await,
            Self::ServerKills => kills::of_servers(run).await,
            Self::DatabaseKills => kills::of_the_database(run).await,
            Self::LoadKills => loads::make(run).await,
            Self::Failovers => failovers::make(run).await,
            Self::Restores => failovers::restores(run).await,
            Self::DatabaseAway => away::make(run).await,
            Self::FullDisk => full_disk::make(run).await,
            Self::ServerStops => stops::make(run).await,
            Self::RollingRestarts => restarts::make(run).await,
            Self::Callbacks => callbacks::make(run).await,
            Self::Mails => mails::make(run).await,
            Self::FilesAtOnce => overlaps::make(run).await,
            Self::Edge => edge::make(run).await,
            Self::Memory => memory::make(run).await,
        }
    }
}

impl Run {
    pub(crate) async fn stand(&self) -> anyhow::Result<Stand> {
        self.stand_with(Vec::new()).await
    }

    pub(crate) async fn stand_with(&self, settings: Settings) -> anyhow::Result<Stand> {
        Stand::start(&self.program, &self.kept, &settings).await
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.bounds.until
    }

    pub(crate) fn chance(&self) -> StdRng {
        StdRng::seed_from_u64(self.seed)
    }

    /// Keeps the history where something is wrong with it.
    pub(crate) fn keep(
        &self,
        name: &str,
        aftermath: &Aftermath,
        violations: &[String],
    ) -> anyhow::Result<()> {
        if violations.is_empty() {
            return Ok(());
        }
        let file = self.kept.join(Path::new(name).with_extension("jsonl"));
        aftermath.history.write(&file)
    }
}

/// What is wrong with a history and the stock that it ended with: each key asked for has its code, and nothing else is gone.
pub(crate) fn judge(aftermath: &Aftermath, stock: Stock) -> Vec<String> {
    let history = &aftermath.history;
    let mut violations = history.violations(Loss::Never);
    let codes = history.codes().len() as u64;
    if stock.allocated != codes || stock.available != stock.total - codes {
        violations.push(format!("{codes} codes were answered, and the stock is {stock:?}"));
    }
    let says_exhausted = history
        .entries
        .iter()
        .filter(|entry| entry.is("coupons-exhausted"));
    if stock.available > 0 && says_exhausted.count() > 0 {
        violations.push("exhausted was said while codes were free".to_owned());
    }
    violations
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Adds what an auditor found to a list of violations; how many stocks it saw.
pub(crate) fn end_audit(auditor: Auditor, violations: &mut Vec<String>) -> u64 {
    let (seen, wrong) = auditor.end();
    violations.extend(wrong);
    seen
}
