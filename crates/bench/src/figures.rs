//! Numbers: their medians, and how they are written.

use serde::{Deserialize, Serialize};

/// Of an even number of samples, the upper of the two in the middle; 0 of none.
pub(crate) fn median(samples: &[f64]) -> f64 {
    percentile(samples, 50)
}

/// The smallest sample that is above that many of a hundred.
pub(crate) fn percentile(samples: &[f64], percent: usize) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(place).copied().unwrap_or_default()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
        match self {
            Self::Seconds => format!("{value:.2} s"),
            Self::Milliseconds => format!("{value:.2} ms"),
            Self::PerSecond => format!("{}/s", grouped(value)),
            Self::CodesPerSecond => format!("{} codes/s", grouped(value)),
            Self::RowsPerSecond => format!("{} rows/s", grouped(value)),
            Self::Megabytes => format!("{value:.0} MB"),
            Self::Times => format!("{value:.2} ×"),
            Self::Percent => format!("{:.0} %", value * 100.0),
        }
    }
}

pub(crate) fn count(number: u64) -> String {
    grouped(float(number))
}

pub(crate) fn connections(number: u64) -> String {
    format!("{number} connection{}", if number == 1 { "" } else { "s" })
}

/// Digits in groups of three.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut shown = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

#[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_in_the_middle_whatever_the_order() {
        assert!((median(&[9.0, 1.0, 5.0]) - 5.0).abs() < f64::EPSILON);
        assert!((median(&[2.0]) - 2.0).abs() < f64::EPSILON);
        assert!(median(&[]).abs() < f64::EPSILON);
    }

    #[test]
    fn a_percentile_of_few_is_the_last() {
        let samples: Vec<f64> = (0..100).map(f64::from).collect();
        assert!((percentile(&samples, 99) - 99.0).abs() < f64::EPSILON);
        assert!((percentile(&samples, 50) - 50.0).abs() < f64::EPSILON);
        assert!((percentile(&[1.0, 3.0], 99) - 3.0).abs() < f64::EPSILON);
    }

    #[test]
    fn big_figures_are_read_in_groups() {
        assert_eq!(Unit::PerSecond.show(1_234_567.4), "1,234,567/s");
        assert_eq!(Unit::CodesPerSecond.show(999.0), "999 codes/s");
        assert_eq!(Unit::Percent.show(0.81), "81 %");
        assert_eq!(Unit::Seconds.show(2.0), "2.00 s");
    }
}
