//! What jobs count: docs/METRICS.md.

use std::{sync::LazyLock, time::Duration};

use opentelemetry::{KeyValue, global, metrics::Histogram};

/// Seconds, from a mail to a file of a hundred million codes.
const LONG: [f64; 13] = [
    0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0,
];

static JOBS: LazyLock<Histogram<f64>> = LazyLock::new(|| {
    global::meter("couponry")
        .f64_histogram("couponry.job.duration")
        .with_unit("s")
        .with_boundaries(LONG.to_vec())
        .with_description("Runs of jobs")
        .build()
});

pub(super) fn count_job(kind: &'static str, outcome: &'static str, took: Duration) {
    let labels = [KeyValue::new("kind", kind), KeyValue::new("outcome", outcome)];
    JOBS.record(took.as_secs_f64(), &labels);
}
