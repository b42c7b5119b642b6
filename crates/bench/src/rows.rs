//! What was measured, and the rows of the results: samples held against the table of promises.

use anyhow::Context as _;
use serde::Serialize;

use crate::promises::{self, Promise, stands_for};

#[derive(Debug)]
pub(crate) struct Rows {
    promises: Vec<Promise>,
    /// Of each figure, a row for each of its samples.
    measured: Vec<Vec<Row>>,
}

/// A row of the results.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    /// With its own key where the line stands for several, and with the notes in its texts.
    #[serde(flatten)]
    pub(crate) promise: Promise,
    pub(crate) value: f64,
    samples: Vec<f64>,
    met: Option<bool>,
}

impl Rows {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let (promises, measured) = (promises::read()?, Vec::new());
        Ok(Self { promises, measured })
    }

    /// A sample of a figure; the notes go into the texts of its line.
    pub(crate) fn add(&mut self, key: &str, sample: f64, notes: &[String]) -> anyhow::Result<()> {
        let mut lines = self.promises.iter();
        let promise = lines.find(|promise| stands_for(&promise.key, key));
        let promise = promise.with_context(|| format!("there is no line for {key}"))?;
        let row = Row::new(promise, key, sample, notes);
        let Promise { what, compared, .. } = &row.promise;
        eprintln!(
            "  {what}: {} [{compared}] {}",
            row.measured(),
            row.promise.asked()
        );
        let mut figures = self.measured.iter_mut();
        match figures.find(|rows| rows.iter().any(|row| row.promise.key == key)) {
            Some(rows) => rows.push(row),
            None => self.measured.push(vec![row]),
        }
        Ok(())
    }

    /// All rows in the order of the table, with those whose figures come from others.
    pub(crate) fn complete(&self) -> Vec<Row> {
        let lines = self.promises.iter();
        let rows = lines.flat_map(|line| self.of(&line.key).chain(self.quotient(line)));
        rows.collect()
    }

    fn of(&self, pattern: &str) -> impl Iterator<Item = Row> {
        let rows = self.measured.iter().filter_map(|rows| Row::median(rows));
        rows.filter(move |row| stands_for(pattern, &row.promise.key))
    }

    /// Nothing if the line is none, or what it divides was not measured.
    fn quotient(&self, promise: &Promise) -> Option<Row> {
        let (one, other) = promise.quotient.split_once(" / ")?;
        let by_value = |one: &Row, other: &Row| one.value.total_cmp(&other.value);
        let (one, other) = (self.of(one).min_by(by_value)?, self.of(other).max_by(by_value)?);
        let notes = [one.measured(), other.measured()];
        Some(Row::new(promise, &promise.key, one.value / other.value, &notes))
    }
}

impl Row {
    fn new(promise: &Promise, key: &str, value: f64, notes: &[String]) -> Self {
        let mut promise = promise.clone();
        key.clone_into(&mut promise.key);
        for note in notes {
            let texts = [&mut promise.what, &mut promise.compared];
            if let Some(text) = texts.into_iter().find(|text| text.contains("{}")) {
                *text = text.replacen("{}", note, 1);
            }
        }
        Self {
            value,
            samples: vec![value],
            met: promise.is_met_by(value),
            promise,
        }
    }

    /// Of an even number of samples, the upper of the two in the middle.
    fn median(rows: &[Self]) -> Option<Self> {
        let mut sorted: Vec<&Self> = rows.iter().collect();
        sorted.sort_by(|one, other| one.value.total_cmp(&other.value));
        let median = sorted.get(sorted.len() / 2).copied()?.clone();
        let samples = rows.iter().map(|row| row.value).collect();
        Some(Self { samples, ..median })
    }

    pub(crate) fn is_grossly_missed(&self) -> bool {
        self.promise.gross.is_some_and(|least| self.value < least)
    }

    pub(crate) fn measured(&self) -> String {
        self.promise.unit.show(self.value)
    }

    pub(crate) fn is_met(&self) -> &'static str {
        self.met.map_or("", |met| if met { "yes" } else { "no" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_what_was_measured_held_against_its_promise() {
        let mut rows = Rows::new().unwrap();
        let notes = ["1".to_owned(), "9".to_owned()];
        for sample in [90.0, 8.0, 9.0] {
            rows.add("load.indexed", sample, &[]).unwrap();
        }
        rows.add("load.file", 2.0, &notes).unwrap();
        rows.add("used.single.1.00", 10.0, &notes).unwrap();
        rows.add("used.single.50.00", 9.0, &notes).unwrap();
        assert!(rows.add("load.unheard-of", 1.0, &[]).is_err());
        let show = |row: &Row| {
            let Promise { what, compared, .. } = &row.promise;
            let gross = if row.is_grossly_missed() { "!" } else { "" };
            let (measured, asked, met) = (row.measured(), row.promise.asked(), row.is_met());
            format!("{what}|{measured}|{compared}|{asked}|{met}{gross}")
        };
        let rows: Vec<String> = rows.complete().iter().map(show).collect();
        assert!(rows[0].ends_with("9 codes: POST to SUCCESS|2.00 s||≤ 3.00 s|yes"));
        assert_eq!(rows[1], "row per code, unique index: COPY of the file|9.00 s|||");
        assert!(rows[2].ends_with("a unique index|4.50 ×|9.00 s by 2.00 s|≥ 15.00 ×|no!"));
        assert!(rows[5].ends_with("single codes|90 %||≥ 85 %|yes"));
    }
}
