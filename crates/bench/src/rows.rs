//! A row of the table: what was measured, and what it should have been.

use serde::{Deserialize, Serialize};

use crate::figures::{Unit, median};

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum Target {
    AtMost(f64),
    AtLeast(f64),
}

impl Target {
    pub(crate) fn is_met_by(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
        }
    }

    fn show(self, unit: Unit) -> String {
        match self {
            Self::AtMost(most) => format!("≤ {}", unit.show(most)),
            Self::AtLeast(least) => format!("≥ {}", unit.show(least)),
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    /// By which the plots find it.
    pub(crate) key: String,
    what: String,
    pub(crate) value: f64,
    unit: Unit,
    /// Every measurement; `value` is their median.
    samples: Vec<f64>,
    /// What it is held against, or how it was come by.
    compared: String,
    target: Option<Target>,
    met: Option<bool>,
    /// What `bench-check` asks for: a ratio that no busy machine explains.
    pub(crate) gross: Option<Target>,
}

impl Row {
    pub(crate) fn new(key: impl Into<String>, what: impl Into<String>, unit: Unit, samples: &[f64]) -> Self {
        Self {
            key: key.into(),
            what: what.into(),
            value: median(samples),
            unit,
            samples: samples.to_vec(),
            compared: String::new(),
            target: None,
            met: None,
            gross: None,
        }
    }

    #[must_use]
    pub(crate) fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self.met = Some(target.is_met_by(self.value));
        self
    }

    #[must_use]
    pub(crate) fn gross(mut self, gross: Target) -> Self {
        self.gross = Some(gross);
        self
    }

    #[must_use]
    pub(crate) fn compared(mut self, with: impl Into<String>) -> Self {
        self.compared = with.into();
        self
    }

    /// A gross miss, which is a failure and not noise.
    pub(crate) fn is_gross(&self) -> bool {
        self.gross.is_some_and(|gross| !gross.is_met_by(self.value))
    }

    pub(crate) fn shown(&self) -> String {
        self.unit.show(self.value)
    }

    /// What, measured, compared, target, met.
    pub(crate) fn cells(&self) -> [String; 5] {
        [
            self.what.clone(),
            self.shown(),
            self.compared.clone(),
            self.target
                .map(|target| target.show(self.unit))
                .unwrap_or_default(),
            self.met
                .map_or("", |met| if met { "yes" } else { "no" })
                .to_owned(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_met_by_the_median() {
        let row = Row::new("k", "w", Unit::Seconds, &[9.0, 2.0, 3.0]).target(Target::AtMost(3.0));
        assert_eq!(row.cells(), ["w", "3.00 s", "", "≤ 3.00 s", "yes"]);
        let row = Row::new("k", "w", Unit::Times, &[2.9]).target(Target::AtLeast(8.0));
        assert_eq!(row.cells()[4], "no");
        assert!(!row.is_gross());
        assert!(row.gross(Target::AtLeast(3.0)).is_gross());
    }

    #[test]
    fn a_figure_without_a_target_is_neither_met_nor_missed() {
        let row = Row::new("k", "w", Unit::Megabytes, &[1.0]);
        assert_eq!(row.cells()[4], "");
    }
}
