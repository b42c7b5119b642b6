//! The table of promises, `promises.csv`: what each figure is called, what it should come to, and what is a gross miss.

use csv::{ReaderBuilder, Trim};
use indicatif::HumanFloatCount;
use serde::{Deserialize, Serialize};

/// A line of the table, which says what its columns are.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Promise {
    pub(crate) key: String,
    pub(crate) unit: Unit,
    pub(crate) at_most: Option<f64>,
    pub(crate) at_least: Option<f64>,
    pub(crate) gross: Option<f64>,
    #[serde(skip_serializing)]
    pub(crate) bar: String,
    pub(crate) what: String,
    pub(crate) compared: String,
    #[serde(skip_serializing)]
    pub(crate) quotient: String,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
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

pub(crate) fn read() -> csv::Result<Vec<Promise>> {
    let mut table = ReaderBuilder::new();
    table.delimiter(b'|').comment(Some(b'#')).trim(Trim::All);
    let table = table.from_reader(include_bytes!("promises.csv").as_slice());
    table.into_deserialize().collect()
}

/// Whether a line of this key has figures of that one.
pub(crate) fn stands_for(pattern: &str, key: &str) -> bool {
    let start = pattern.strip_suffix('*');
    start.map_or(pattern == key, |start| key.starts_with(start))
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

impl Promise {
    /// Nothing if there is no target.
    pub(crate) fn is_met_by(&self, value: f64) -> Option<bool> {
        let most = self.at_most.map(|most| value <= most);
        most.or(self.at_least.map(|least| value >= least))
    }

    pub(crate) fn asked(&self) -> String {
        match (self.at_most, self.at_least) {
            (Some(most), _) => format!("≤ {}", self.unit.show(most)),
            (_, Some(least)) => format!("≥ {}", self.unit.show(least)),
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_divide_lines_above_them() {
        let promises = read().unwrap();
        for (index, promise) in promises.iter().enumerate() {
            let above = |key: &str| promises[..index].iter().any(|line| stands_for(&line.key, key));
            assert!(!above(&promise.key), "{} is there twice", promise.key);
            let mut divided = promise.quotient.split_terminator(" / ");
            assert!(divided.all(above), "{}", promise.key);
        }
    }
}
