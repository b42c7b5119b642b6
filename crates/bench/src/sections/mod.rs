//! What is measured: a file each.

mod batch;
mod full;
mod ledger;
mod lists;
mod load;
mod reads;
mod report;
mod row_per_code;
mod single;
mod start;
mod used;

use std::time::Duration;

use clap::ValueEnum;

use crate::stand::{Stand, size::SizeName};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Section {
    Load,
    Single,
    Batch,
    Lists,
    Used,
    Report,
    Reads,
    Start,
    /// A hundred million codes
    Full,
}

/// Those asked for, or those of this size, in the order in which they are measured.
pub(crate) fn chosen(only: &[Section], size: SizeName) -> Vec<Section> {
    let of_size = |section| match size {
        SizeName::Check => !matches!(section, Section::Used | Section::Reads | Section::Full),
        SizeName::Normal => section != Section::Full,
        // On its own list it measures what is used up and read, too.
        SizeName::Full => section == Section::Full,
    };
    let all = Section::value_variants().iter().copied();
    let is_wanted = |section: &Section| only.contains(section) || only.is_empty() && of_size(*section);
    all.filter(is_wanted).collect()
}

impl Section {
    /// Far beyond what it takes.
    pub(crate) fn patience(self) -> Duration {
        Duration::from_mins(if self == Self::Full { 240 } else { 20 })
    }

    pub(crate) async fn measure(self, stand: &mut Stand) -> anyhow::Result<()> {
        match self {
            Self::Load => load::measure(stand).await,
            Self::Single => single::measure(stand).await,
            Self::Batch => batch::measure(stand).await,
            Self::Lists => lists::measure(stand).await,
            Self::Used => used::measure(stand).await,
            Self::Report => report::measure(stand).await,
            Self::Reads => reads::measure(stand).await,
            Self::Start => start::measure(stand).await,
            Self::Full => full::measure(stand).await,
        }
    }
}
