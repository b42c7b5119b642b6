//! What is measured: a file each.

mod batch;
mod fifty;
mod full;
mod ledger;
mod load;
mod peers;
mod reads;
mod report;
mod row_per_code;
mod single;
mod start;
mod used;

use std::time::Duration;

use clap::ValueEnum;

use crate::{arguments::SizeName, bench::Bench};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Section {
    Load,
    Single,
    Batch,
    Fifty,
    Used,
    Report,
    Reads,
    Start,
    /// A hundred million codes
    Full,
}

/// Those asked for, or those of this size, in the order in which they are measured.
pub(crate) fn chosen(only: &[Section], size: SizeName) -> Vec<Section> {
    let of_size = |section: &Section| match size {
        SizeName::Check => !matches!(section, Section::Used | Section::Reads | Section::Full),
        SizeName::Normal => *section != Section::Full,
        // On its own list it measures what is used up and read, too.
        SizeName::Full => *section == Section::Full,
    };
    let is_wanted = |section: &Section| {
        if only.is_empty() {
            of_size(section)
        } else {
            only.contains(section)
        }
    };
    Section::value_variants()
        .iter()
        .copied()
        .filter(is_wanted)
        .collect()
}

impl Section {
    /// Far beyond what it takes.
    pub(crate) fn patience(self) -> Duration {
        Duration::from_mins(if self == Self::Full { 240 } else { 20 })
    }

    pub(crate) async fn measure(self, bench: &mut Bench) -> anyhow::Result<()> {
        match self {
            Self::Load => load::measure(bench).await,
            Self::Single => single::measure(bench).await,
            Self::Batch => batch::measure(bench).await,
            Self::Fifty => fifty::measure(bench).await,
            Self::Used => used::measure(bench).await,
            Self::Report => report::measure(bench).await,
            Self::Reads => reads::measure(bench).await,
            Self::Start => start::measure(bench).await,
            Self::Full => full::measure(bench).await,
        }
    }
}
