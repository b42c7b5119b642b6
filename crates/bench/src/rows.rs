//! What was measured, and the rows of the results: samples held against the table of promises.

use anyhow::Context as _;
use serde::Serialize;

use crate::{
    figures::median,
    promises::{PROMISES, Promise, Source, stands_for},
};

#[derive(Debug, Default)]
pub(crate) struct Rows(Vec<Row>);

impl Rows {
    /// All measurements of one figure; the notes go into the texts of its line.
    pub(crate) fn add(&mut self, key: &str, samples: &[f64], notes: &[String]) -> anyhow::Result<()> {
        let promise = PROMISES.iter().find(|promise| stands_for(promise.key, key));
        let promise = promise.with_context(|| format!("there is no line for {key}"))?;
        let row = Row::new(promise, key, samples, notes);
        eprintln!(
            "  {}: {} [{}] {}",
            row.what,
            row.measured(),
            row.compared,
            row.asked()
        );
        self.0.push(row);
        Ok(())
    }

    /// All rows in the order of the table, with those whose figures come from others.
    pub(crate) fn complete(self) -> Vec<Row> {
        let mut all = Vec::new();
        for promise in PROMISES {
            match promise.source {
                Source::Samples => {}
                Source::Over(one, other) => all.extend(over(promise, &self.0, one, other)),
                Source::Spread(of) => all.extend(spread(promise, &self.0, of)),
            }
        }
        all.extend(self.0);
        all.sort_by_key(|row| {
            PROMISES
                .iter()
                .position(|promise| stands_for(promise.key, &row.key))
        });
        all
    }
}

fn over(promise: &Promise, rows: &[Row], one: &str, other: &str) -> Option<Row> {
    let one = rows.iter().find(|row| row.key == one)?;
    let other = rows.iter().find(|row| row.key == other)?;
    let notes = [one, other].map(Row::measured);
    Some(Row::new(promise, promise.key, &[one.value / other.value], &notes))
}

fn spread(promise: &Promise, rows: &[Row], of: &str) -> Option<Row> {
    let values = rows
        .iter()
        .filter(|row| stands_for(of, &row.key))
        .map(|row| row.value);
    let (lowest, highest) = (
        values.clone().min_by(f64::total_cmp)?,
        values.max_by(f64::total_cmp)?,
    );
    Some(Row::new(promise, promise.key, &[lowest / highest], &[]))
}

/// A row of the results.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) key: String,
    pub(crate) what: String,
    pub(crate) value: f64,
    samples: Vec<f64>,
    pub(crate) compared: String,
    met: Option<bool>,
    #[serde(flatten)]
    pub(crate) promise: Promise,
}

impl Row {
    fn new(promise: &Promise, key: &str, samples: &[f64], notes: &[String]) -> Self {
        let texts = format!("{}\n{}", promise.what, promise.compared);
        let texts = notes
            .iter()
            .fold(texts, |texts, note| texts.replacen("{}", note, 1));
        let (what, compared) = texts.split_once('\n').unwrap_or_default();
        let value = median(samples);
        Self {
            key: key.to_owned(),
            what: what.to_owned(),
            value,
            samples: samples.to_vec(),
            compared: compared.to_owned(),
            met: promise.target.map(|target| target.is_met_by(value)),
            promise: *promise,
        }
    }

    pub(crate) fn is_grossly_missed(&self) -> bool {
        let gross = self.promise.gross;
        gross.is_some_and(|gross| !gross.is_met_by(self.value))
    }

    pub(crate) fn measured(&self) -> String {
        self.promise.unit.show(self.value)
    }

    pub(crate) fn asked(&self) -> String {
        let target = self.promise.target;
        target.map_or_else(String::new, |target| target.show(self.promise.unit))
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
        let mut rows = Rows::default();
        let notes = ["1".to_owned(), "9".to_owned()];
        rows.add("load.indexed", &[90.0, 8.0, 9.0], &[]).unwrap();
        rows.add("load.file", &[2.0], &notes).unwrap();
        rows.add("used.single.1.00", &[10.0], &notes).unwrap();
        rows.add("used.single.50.00", &[9.0], &notes).unwrap();
        assert!(rows.add("load.unheard-of", &[1.0], &[]).is_err());
        let show = |row: Row| {
            let gross = if row.is_grossly_missed() { "!" } else { "" };
            let (measured, asked) = (row.measured(), row.asked());
            format!(
                "{}|{measured}|{}|{asked}|{}{gross}",
                row.what,
                row.compared,
                row.is_met()
            )
        };
        let rows: Vec<String> = rows.complete().into_iter().map(show).collect();
        assert_eq!(
            rows[0],
            "1 MB file, 9 codes: POST to SUCCESS|2.00 s||≤ 3.00 s|yes"
        );
        assert_eq!(rows[1], "row per code, unique index: COPY of the file|9.00 s|||");
        assert!(rows[2].ends_with("a unique index|4.50 ×|9.00 s by 2.00 s|≥ 15.00 ×|no!"));
        assert!(rows[5].ends_with("single codes|90 %||≥ 85 %|yes"));
    }
}
