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
        let normal = Size {
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
            },
        }
    }
}
