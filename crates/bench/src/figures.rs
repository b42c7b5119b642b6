//! Numbers: their medians, and how they are written.

use indicatif::{HumanCount, HumanFloatCount};
use serde::Serialize;

/// Of an even number of samples, the upper of the two in the middle; 0 of none.
pub(crate) fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) enum Unit {
    Seconds,
    Milliseconds,
    PerSecond,
    CodesPerSecond,
    RowsPerSecond,
    Megabytes,
    /// One figure over another.
    Times,
    Percent,
}

impl Unit {
    pub(crate) fn show(self, value: f64) -> String {
        let grouped = HumanFloatCount(value.round());
        match self {
            Self::Seconds => format!("{value:.2} s"),
            Self::Milliseconds => format!("{value:.2} ms"),
            Self::PerSecond => format!("{grouped}/s"),
            Self::CodesPerSecond => format!("{grouped} codes/s"),
            Self::RowsPerSecond => format!("{grouped} rows/s"),
            Self::Megabytes => format!("{value:.0} MB"),
            Self::Times => format!("{value:.2} ×"),
            Self::Percent => format!("{:.0} %", value * 100.0),
        }
    }
}

pub(crate) fn count(number: u64) -> String {
    HumanCount(number).to_string()
}

#[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}
