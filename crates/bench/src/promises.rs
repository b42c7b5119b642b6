//! The table of promises: a line for each figure, with what it is called, what it should come to, and what is a gross
//! miss. Sections bring samples; nowhere else is anything said about them.

use indicatif::HumanFloatCount;
use serde::Serialize;

use self::{
    Source::{Over, Samples, Spread},
    Target::{AtLeast, AtMost},
    Unit::{CodesPerSecond, Megabytes, Milliseconds, PerSecond, Percent, RowsPerSecond, Seconds, Times},
};

const OURS: &str = "ours";
const OTHER: &str = "other";
const LATENCY: &str = "p50 {} ms, p99 {} ms";
const FILLED: &str = "ledger filled by SQL up to there";
const READS: &str = "1 connection, {}/s, p99 {} ms";

/// A line: key, unit, what it is called, and whatever else there is to say.
macro_rules! promises {
    ($($key:literal $unit:ident $what:literal $($field:ident = $value:expr),*;)*) => {
        &[$(Promise { key: $key, unit: $unit, what: $what, $($field: $value,)* ..NOTHING_MORE }),*]
    };
}

/// In the order of the results. A key that ends in `*` stands for all that begin like it. Each `{}` is a note of the
/// sample; of a figure over another one, these two.
pub(crate) const PROMISES: &[Promise] = promises! {
    "load.file" Seconds "{} MB file, {} codes: POST to SUCCESS" target = Some(AtMost(3.0)), bar = OURS;
    "load.repeated" Seconds "the same file again, all duplicates";
    "load.memory" Megabytes "memory growth while loading" compared = "{} MB before", target = Some(AtMost(300.0));
    "load.disk" Times "disk of a list" compared = "the codes' bytes with separators", target = Some(AtMost(1.2));
    "load.plain" Seconds "row per code, no index: COPY of the file" bar = OTHER;
    "load.indexed" Seconds "row per code, unique index: COPY of the file" bar = OTHER;
    "load.ahead-of-plain" Times "load, times faster than without an index"
        source = Over("load.plain", "load.file"), compared = "{} by {}", target = Some(AtLeast(1.0));
    "load.ahead" Times "load, times faster than with a unique index"
        source = Over("load.indexed", "load.file"), compared = "{} by {}", target = Some(AtLeast(15.0)), gross = Some(AtLeast(5.0));
    "load.eight-memory" Megabytes "memory growth, eight such files at once"
        compared = "all loaded after {} s", target = Some(AtMost(600.0));

    "single.couponry.1" PerSecond "single codes, 1 connection: couponry" compared = LATENCY, bar = OURS;
    "single.skip-locked.1" PerSecond "single codes, 1 connection: skip-locked" compared = LATENCY, bar = OTHER;
    "single.redis.1" PerSecond "single codes, 1 connection: redis" compared = LATENCY, bar = OTHER;
    "single.insert" Milliseconds "one autocommitted INSERT by a driver: p50";
    "single.p50.1" Milliseconds "single codes, 1 connection: p50";
    "single.p50-over-insert" Times "the same over that INSERT"
        source = Over("single.p50.1", "single.insert"), target = Some(AtMost(2.0));
    "single.couponry.64" PerSecond "single codes, 64 connections: couponry" compared = LATENCY, bar = OURS;
    "single.skip-locked.64" PerSecond "single codes, 64 connections: skip-locked" compared = LATENCY, bar = OTHER;
    "single.redis.64" PerSecond "single codes, 64 connections: redis" compared = LATENCY, bar = OTHER;
    "single.p99.64" Milliseconds "single codes, 64 connections: p99";
    "single.couponry.256" PerSecond "single codes, 256 connections: couponry"
        compared = LATENCY, target = Some(AtLeast(20_000.0)), bar = OURS;
    "single.skip-locked.256" PerSecond "single codes, 256 connections: skip-locked" compared = LATENCY, bar = OTHER;
    "single.redis.256" PerSecond "single codes, 256 connections: redis" compared = LATENCY, bar = OTHER;
    "single.p99.256" Milliseconds "single codes, 256 connections: p99" target = Some(AtMost(25.0));
    "single.over-skip-locked" Times "256 connections, over SKIP LOCKED"
        source = Over("single.couponry.256", "single.skip-locked.256"), target = Some(AtLeast(8.0)), gross = Some(AtLeast(3.0));
    "single.over-redis" Times "256 connections, over Redis"
        source = Over("single.couponry.256", "single.redis.256"), target = Some(AtLeast(1.0));

    "batch.1" CodesPerSecond "batches of 1,000, 1 connection";
    "batch.2" CodesPerSecond "batches of 1,000, 2 connections";
    "batch.4" CodesPerSecond "batches of 1,000, 4 connections" target = Some(AtLeast(80_000.0)), bar = OURS;
    "batch.stream" CodesPerSecond "NDJSON of {} in one request" bar = OURS;
    "batch.stream-time" Seconds "the same: from the first line to the last answer" target = Some(AtMost(15.0));
    "batch.copy" RowsPerSecond "COPY of as many rows into the ledger" bar = OTHER;
    "batch.share" Percent "batches of 1,000 (4 connections), of that COPY"
        source = Over("batch.4", "batch.copy"), target = Some(AtLeast(0.5));
    "batch.over-single" Times "the same, over single codes"
        source = Over("batch.4", "single.couponry.256"), compared = "256 connections", gross = Some(AtLeast(1.3));

    "lists.1.1" PerSecond "256 connections, 1 list: 1 server";
    "lists.1.2" PerSecond "the same: 2 servers, of 128 connections each";
    "lists.1.3" PerSecond "the same: 3 servers";
    "lists.1.2-share" Percent "1 list: 2 servers, of 1 server's rate"
        source = Over("lists.1.2", "lists.1.1"), target = Some(AtLeast(0.9));
    "lists.1.3-share" Percent "1 list: 3 servers, of 1 server's rate"
        source = Over("lists.1.3", "lists.1.1"), target = Some(AtLeast(0.9));
    "lists.16.1" PerSecond "256 connections, 16 lists: 1 server";
    "lists.16.2" PerSecond "the same: 2 servers";
    "lists.16.3" PerSecond "the same: 3 servers";
    "lists.16.2-share" Percent "16 lists: 2 servers, of 1 server's rate"
        source = Over("lists.16.2", "lists.16.1"), target = Some(AtLeast(0.9)), gross = Some(AtLeast(0.4));
    "lists.16.3-share" Percent "16 lists: 3 servers, of 1 server's rate"
        source = Over("lists.16.3", "lists.16.1"), target = Some(AtLeast(0.9)), gross = Some(AtLeast(0.4));
    "lists.50.1" PerSecond "256 connections, 50 lists: 1 server";
    "lists.50-share" Percent "50 lists at once, of one list's rate"
        source = Over("lists.50.1", "lists.1.1"), target = Some(AtLeast(0.85));
    "lists.200.1" PerSecond "256 connections, 200 lists: 1 server";
    "lists.200.2" PerSecond "the same: 2 servers";
    "lists.200.3" PerSecond "the same: 3 servers";
    "lists.200.2-share" Percent "200 lists: 2 servers, of 1 server's rate"
        source = Over("lists.200.2", "lists.200.1"), target = Some(AtLeast(0.9)), gross = Some(AtLeast(0.4));
    "lists.200.3-share" Percent "200 lists: 3 servers, of 1 server's rate"
        source = Over("lists.200.3", "lists.200.1"), target = Some(AtLeast(0.9)), gross = Some(AtLeast(0.4));
    "lists.200-share" Percent "200 lists at once, of one list's rate"
        source = Over("lists.200.1", "lists.1.1"), target = Some(AtLeast(0.8));

    "full.file.*" Seconds "13 files into a list: file {}" bar = OURS;
    "full.all" Seconds "{} codes in 13 files" target = Some(AtMost(60.0));
    "full.last" Times "the last of them, over the first"
        source = Over("full.file.13", "full.file.1"), target = Some(AtMost(3.0));
    "full.disk" Times "disk of {} codes" compared = "the codes' bytes with separators", target = Some(AtMost(1.2));
    "archive.answer" Milliseconds "archive of {} codes: answered" target = Some(AtMost(200.0));
    "archive.gone" Seconds "the same: no block is left" target = Some(AtMost(60.0));
    "archive.p99" Times "another list's p99 meanwhile, over before"
        compared = "64 connections, {} ms by {} ms", target = Some(AtMost(2.0));

    "used.single.*" PerSecond "{} % of {} used, single codes, 256 connections" compared = FILLED;
    "used.stream.*" CodesPerSecond "{} % of {} used, NDJSON" compared = FILLED;
    "used.single-spread" Percent "the slowest of these levels, of the fastest: single codes"
        source = Spread("used.single.*"), target = Some(AtLeast(0.85));
    "used.stream-spread" Percent "the slowest of these levels, of the fastest: NDJSON"
        source = Spread("used.stream.*"), target = Some(AtLeast(0.85));

    "report.rate" RowsPerSecond "usage report of {} hand-outs";
    "report.copy" RowsPerSecond "COPY (query) TO STDOUT of the same rows";
    "report.share" Percent "usage report, of that COPY"
        source = Over("report.rate", "report.copy"), target = Some(AtLeast(0.5)), gross = Some(AtLeast(0.15));
    "report.memory" Megabytes "memory growth while it is built" compared = "{} MB before", target = Some(AtMost(50.0));

    "reads.list" Milliseconds "list details, {}: p50" compared = READS, target = Some(AtMost(3.0));
    "reads.file" Milliseconds "file status, {}: p50" compared = READS, target = Some(AtMost(3.0));
    "reads.passport" Milliseconds "passport of a code, {}: p50" compared = READS, target = Some(AtMost(3.0));
    "reads.small-passport" Milliseconds "passport of a code, {}: p50" compared = READS, target = Some(AtMost(3.0));
    "load.thousand-into-*" Seconds "load of 1,000 codes, {}" target = Some(AtMost(1.0));

    "start.database" Seconds "start, PostgreSQL runs already"
        compared = "until /readyz is 200", target = Some(AtMost(0.5));
    "start.private" Seconds "start, with the private PostgreSQL" compared = "a small database, stopped in order";
};

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

#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) enum Target {
    AtMost(f64),
    AtLeast(f64),
}

const NOTHING_MORE: Promise = Promise {
    key: "",
    unit: Seconds,
    what: "",
    source: Samples,
    compared: "",
    bar: "",
    target: None,
    gross: None,
};

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
