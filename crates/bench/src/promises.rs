//! The table of promises: a line for each figure, with what it is called, what it should come to, and what is a gross
//! miss. Sections bring samples; nowhere else is anything said about them.

use serde::Serialize;

use crate::figures::Unit::{
    self, CodesPerSecond, Megabytes, Milliseconds, PerSecond, Percent, RowsPerSecond, Seconds, Times,
};

const OURS: &str = "ours";
const OTHER: &str = "other";
const LATENCY: &str = "p50 {} ms, p99 {} ms";
const FILLED: &str = "ledger filled by SQL up to there";
const READS: &str = "1 connection, {}/s, p99 {} ms";

/// In the order of the results. A key that ends in `*` stands for all that begin like it. Each `{}` is a note of the
/// sample; of a figure over another one, these two.
#[rustfmt::skip]
pub(crate) const PROMISES: &[Promise] = &[
    line("load.file", Seconds, "{} MB file, {} codes: POST to SUCCESS").at_most(3.0).bar(OURS),
    line("load.repeated", Seconds, "the same file again, all duplicates"),
    line("load.memory", Megabytes, "memory growth while loading").compared("{} MB before").at_most(300.0),
    line("load.disk", Times, "disk of a list").compared("the codes' bytes with separators").at_most(1.2),
    line("load.plain", Seconds, "row per code, no index: COPY of the file").bar(OTHER),
    line("load.indexed", Seconds, "row per code, unique index: COPY of the file").bar(OTHER),
    line("load.ahead-of-plain", Times, "load, times faster than without an index")
        .over("load.plain", "load.file").compared("{} by {}").at_least(1.0),
    line("load.ahead", Times, "load, times faster than with a unique index")
        .over("load.indexed", "load.file").compared("{} by {}").at_least(15.0).grossly_below(5.0),
    line("load.eight-memory", Megabytes, "memory growth, eight such files at once")
        .compared("all loaded after {} s").at_most(600.0),

    line("single.couponry.1", PerSecond, "single codes, 1 connection: couponry").compared(LATENCY).bar(OURS),
    line("single.skip-locked.1", PerSecond, "single codes, 1 connection: skip-locked").compared(LATENCY).bar(OTHER),
    line("single.redis.1", PerSecond, "single codes, 1 connection: redis").compared(LATENCY).bar(OTHER),
    line("single.insert", Milliseconds, "one autocommitted INSERT by a driver: p50"),
    line("single.p50.1", Milliseconds, "single codes, 1 connection: p50"),
    line("single.p50-over-insert", Times, "the same over that INSERT").over("single.p50.1", "single.insert").at_most(2.0),
    line("single.couponry.64", PerSecond, "single codes, 64 connections: couponry").compared(LATENCY).bar(OURS),
    line("single.skip-locked.64", PerSecond, "single codes, 64 connections: skip-locked").compared(LATENCY).bar(OTHER),
    line("single.redis.64", PerSecond, "single codes, 64 connections: redis").compared(LATENCY).bar(OTHER),
    line("single.p99.64", Milliseconds, "single codes, 64 connections: p99"),
    line("single.couponry.256", PerSecond, "single codes, 256 connections: couponry")
        .compared(LATENCY).at_least(20_000.0).bar(OURS),
    line("single.skip-locked.256", PerSecond, "single codes, 256 connections: skip-locked").compared(LATENCY).bar(OTHER),
    line("single.redis.256", PerSecond, "single codes, 256 connections: redis").compared(LATENCY).bar(OTHER),
    line("single.p99.256", Milliseconds, "single codes, 256 connections: p99").at_most(25.0),
    line("single.over-skip-locked", Times, "256 connections, over SKIP LOCKED")
        .over("single.couponry.256", "single.skip-locked.256").at_least(8.0).grossly_below(3.0),
    line("single.over-redis", Times, "256 connections, over Redis")
        .over("single.couponry.256", "single.redis.256").at_least(1.0),

    line("batch.1", CodesPerSecond, "batches of 1,000, 1 connection"),
    line("batch.2", CodesPerSecond, "batches of 1,000, 2 connections"),
    line("batch.4", CodesPerSecond, "batches of 1,000, 4 connections").at_least(80_000.0).bar(OURS),
    line("batch.stream", CodesPerSecond, "NDJSON of {} in one request").bar(OURS),
    line("batch.stream-time", Seconds, "the same: from the first line to the last answer").at_most(15.0),
    line("batch.copy", RowsPerSecond, "COPY of as many rows into the ledger").bar(OTHER),
    line("batch.share", Percent, "batches of 1,000 (4 connections), of that COPY").over("batch.4", "batch.copy").at_least(0.5),
    line("batch.over-single", Times, "the same, over single codes")
        .over("batch.4", "single.couponry.256").compared("256 connections").grossly_below(1.3),

    line("fifty.one", PerSecond, "one list, 256 connections"),
    line("fifty.many", PerSecond, "50 lists at once, 256 connections"),
    line("fifty.share", Percent, "50 lists at once, of one list's rate").over("fifty.many", "fifty.one").at_least(0.8),

    line("full.file.*", Seconds, "13 files into a list: file {}").bar(OURS),
    line("full.all", Seconds, "{} codes in 13 files").at_most(60.0),
    line("full.last", Times, "the last of them, over the first").over("full.file.13", "full.file.1").at_most(3.0),
    line("full.disk", Times, "disk of {} codes").compared("the codes' bytes with separators").at_most(1.2),
    line("archive.answer", Milliseconds, "archive of {} codes: answered").at_most(200.0),
    line("archive.gone", Seconds, "the same: no block is left").at_most(60.0),
    line("archive.p99", Times, "another list's p99 meanwhile, over before")
        .compared("64 connections, {} ms by {} ms").at_most(2.0),

    line("used.single.*", PerSecond, "{} % of {} used, single codes, 256 connections").compared(FILLED),
    line("used.stream.*", CodesPerSecond, "{} % of {} used, NDJSON").compared(FILLED),
    line("used.single-spread", Percent, "the slowest of these levels, of the fastest: single codes")
        .spread("used.single.*").at_least(0.85),
    line("used.stream-spread", Percent, "the slowest of these levels, of the fastest: NDJSON")
        .spread("used.stream.*").at_least(0.85),

    line("report.rate", RowsPerSecond, "usage report of {} hand-outs"),
    line("report.copy", RowsPerSecond, "COPY (query) TO STDOUT of the same rows"),
    line("report.share", Percent, "usage report, of that COPY")
        .over("report.rate", "report.copy").at_least(0.5).grossly_below(0.15),
    line("report.memory", Megabytes, "memory growth while it is built").compared("{} MB before").at_most(50.0),

    line("reads.list", Milliseconds, "list details, {}: p50").compared(READS).at_most(3.0),
    line("reads.file", Milliseconds, "file status, {}: p50").compared(READS).at_most(3.0),
    line("reads.passport", Milliseconds, "passport of a code, {}: p50").compared(READS).at_most(3.0),
    line("reads.small-passport", Milliseconds, "passport of a code, {}: p50")
        .compared(READS).at_most(3.0),
    line("load.thousand-into-*", Seconds, "load of 1,000 codes, {}").at_most(1.0),

    line("start.database", Seconds, "start, PostgreSQL runs already").compared("until /readyz is 200").at_most(0.5),
    line("start.private", Seconds, "start, with the private PostgreSQL").compared("a small database, stopped in order"),
];

#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Promise {
    #[serde(skip)]
    pub(crate) key: &'static str,
    pub(crate) unit: Unit,
    #[serde(skip)]
    pub(crate) what: &'static str,
    #[serde(skip)]
    pub(crate) source: Source,
    /// What it is held against, or how it was come by.
    #[serde(skip)]
    pub(crate) compared: &'static str,
    /// How its bar in the plots is painted; nothing if it has none.
    #[serde(skip)]
    pub(crate) bar: &'static str,
    pub(crate) target: Option<Target>,
    /// What `bench-check` asks for: a ratio that no busy machine explains.
    pub(crate) gross: Option<Target>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    Samples,
    /// One line's figure over another's.
    Over(&'static str, &'static str),
    /// The lowest of these over the highest.
    Spread(&'static str),
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) enum Target {
    AtMost(f64),
    AtLeast(f64),
}

const fn line(key: &'static str, unit: Unit, what: &'static str) -> Promise {
    Promise {
        key,
        unit,
        what,
        source: Source::Samples,
        compared: "",
        bar: "",
        target: None,
        gross: None,
    }
}

impl Promise {
    const fn compared(self, compared: &'static str) -> Self {
        Self { compared, ..self }
    }

    const fn bar(self, bar: &'static str) -> Self {
        Self { bar, ..self }
    }

    const fn over(self, above: &'static str, below: &'static str) -> Self {
        let source = Source::Over(above, below);
        Self { source, ..self }
    }

    const fn spread(self, of: &'static str) -> Self {
        let source = Source::Spread(of);
        Self { source, ..self }
    }

    const fn at_most(self, most: f64) -> Self {
        let target = Some(Target::AtMost(most));
        Self { target, ..self }
    }

    const fn at_least(self, least: f64) -> Self {
        let target = Some(Target::AtLeast(least));
        Self { target, ..self }
    }

    const fn grossly_below(self, least: f64) -> Self {
        let gross = Some(Target::AtLeast(least));
        Self { gross, ..self }
    }
}

impl Target {
    pub(crate) fn is_met_by(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
        }
    }

    pub(crate) fn show(self, unit: Unit) -> String {
        match self {
            Self::AtMost(most) => format!("≤ {}", unit.show(most)),
            Self::AtLeast(least) => format!("≥ {}", unit.show(least)),
        }
    }
}

/// Whether a line of this key has figures of that one.
pub(crate) fn stands_for(pattern: &str, key: &str) -> bool {
    pattern
        .strip_suffix('*')
        .map_or(pattern == key, |start| key.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_divide_lines_above_them() {
        for (index, promise) in PROMISES.iter().enumerate() {
            let above = |key: &str| PROMISES[..index].iter().any(|line| stands_for(line.key, key));
            assert!(!above(promise.key), "{} is there twice", promise.key);
            match promise.source {
                Source::Samples => {}
                Source::Over(one, other) => assert!(above(one) && above(other), "{}", promise.key),
                Source::Spread(of) => assert!(above(of), "{}", promise.key),
            }
        }
    }
}
