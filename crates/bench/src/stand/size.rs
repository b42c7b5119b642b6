//! How much is measured.

use clap::ValueEnum;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SizeName {
    Check,
    Normal,
    Full,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Codes of a file.
    pub(crate) codes: u64,
    /// How often what is noisy is measured; the median counts.
    pub(crate) rounds: u64,
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
        let of = |check, more| if self == Self::Check { check } else { more };
        Size {
            codes: of(1_000_000, 7_700_000),
            rounds: of(1, 3),
            seconds: of(3, 5),
            lines: of(100_000, 1_000_000),
            small_files: of(50, 1_000),
            gigabytes: if self == Self::Full { 45 } else { of(5, 12) },
        }
    }
}
