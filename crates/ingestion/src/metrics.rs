//! What loads and callbacks count: docs/METRICS.md says what each means.

use std::{sync::LazyLock, time::Duration};

use opentelemetry::{
    KeyValue, global,
    metrics::{Counter, Histogram, Meter},
};
use storage::Stage;

use crate::CallbackError;

/// Seconds, from a small file's stage to a large one's.
const LONG: [f64; 13] = [
    0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0,
];

fn meter() -> Meter {
    global::meter("couponry")
}

static LOADS: LazyLock<Counter<u64>> = LazyLock::new(|| {
    meter()
        .u64_counter("couponry.loads")
        .with_unit("{file}")
        .with_description("Coupon files that came to their end")
        .build()
});
static STAGES: LazyLock<Histogram<f64>> = LazyLock::new(|| {
    meter()
        .f64_histogram("couponry.load.stage.duration")
        .with_unit("s")
        .with_boundaries(LONG.to_vec())
        .with_description("Time that a file spent in a stage")
        .build()
});
static ROWS: LazyLock<Counter<u64>> = LazyLock::new(|| {
    meter()
        .u64_counter("couponry.load.rows")
        .with_unit("{row}")
        .with_description("Rows of files that came to their end")
        .build()
});
static BYTES: LazyLock<Counter<u64>> = LazyLock::new(|| {
    meter()
        .u64_counter("couponry.load.read")
        .with_unit("By")
        .with_description("Bytes of files whose reading ended")
        .build()
});
static CALLBACKS: LazyLock<Counter<u64>> = LazyLock::new(|| {
    meter()
        .u64_counter("couponry.callbacks")
        .with_unit("{callback}")
        .with_description("Callbacks")
        .build()
});

pub(crate) fn count_load(outcome: &'static str) {
    LOADS.add(1, &[KeyValue::new("outcome", outcome)]);
}

pub(crate) fn count_rows(added: u64, duplicates: u64, rejected: u64) {
    for (result, rows) in [
        ("added", added),
        ("duplicate", duplicates),
        ("rejected", rejected),
    ] {
        ROWS.add(rows, &[KeyValue::new("result", result)]);
    }
}

pub(crate) fn count_bytes(bytes: u64) {
    BYTES.add(bytes, &[]);
}

pub(crate) fn time_stage(stage: Stage, took: Duration) {
    STAGES.record(took.as_secs_f64(), &[KeyValue::new("stage", stage.as_str())]);
}

pub(crate) fn count_callback(made: &Result<(), CallbackError>) {
    let outcome = match made {
        Ok(()) => "taken",
        Err(CallbackError::Refused(_)) => "refused",
        Err(CallbackError::NotSent(_)) => "not_sent",
    };
    CALLBACKS.add(1, &[KeyValue::new("outcome", outcome)]);
}
