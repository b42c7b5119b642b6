//! What this crate counts. The meter is the process's: where there is none, nothing is counted.
//!
//! docs/METRICS.md says what each means. No code, key, person or name goes into a label.

use std::{sync::LazyLock, time::Duration};

use opentelemetry::{
    KeyValue, global,
    metrics::{Counter, Histogram, Meter},
};

use crate::{AllocationOutcome, AllocationsUnavailable};

/// Seconds, for what takes milliseconds as it should.
const SHORT: [f64; 14] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
const SIZES: [f64; 10] = [1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0];

pub(crate) fn meter() -> Meter {
    global::meter("couponry")
}

fn counter(name: &'static str, unit: &'static str, description: &'static str) -> Counter<u64> {
    meter()
        .u64_counter(name)
        .with_unit(unit)
        .with_description(description)
        .build()
}

fn seconds(name: &'static str, description: &'static str) -> Histogram<f64> {
    meter()
        .f64_histogram(name)
        .with_unit("s")
        .with_boundaries(SHORT.to_vec())
        .with_description(description)
        .build()
}

fn sizes(name: &'static str, unit: &'static str, description: &'static str) -> Histogram<u64> {
    meter()
        .u64_histogram(name)
        .with_unit(unit)
        .with_boundaries(SIZES.to_vec())
        .with_description(description)
        .build()
}

static ALLOCATIONS: LazyLock<Counter<u64>> =
    LazyLock::new(|| counter("couponry.allocations", "{allocation}", "Allocations asked for"));
static QUEUED: LazyLock<Histogram<f64>> = LazyLock::new(|| {
    seconds(
        "couponry.allocation.queue.duration",
        "The wait for the call that hands out codes",
    )
});
static CALLS: LazyLock<Histogram<f64>> = LazyLock::new(|| {
    seconds(
        "couponry.allocation.call.duration",
        "Calls to the database that hand out codes",
    )
});
static CALL_KEYS: LazyLock<Histogram<u64>> = LazyLock::new(|| {
    sizes(
        "couponry.allocation.call.size",
        "{key}",
        "Request keys in one call",
    )
});
static CALL_LISTS: LazyLock<Histogram<u64>> =
    LazyLock::new(|| sizes("couponry.allocation.call.lists", "{list}", "Lists in one call"));
static LOCKED_GATES: LazyLock<Counter<u64>> = LazyLock::new(|| {
    counter(
        "couponry.allocation.gates.locked",
        "{gate}",
        "Lists that a shared call left out since their gate was locked",
    )
});
static STATEMENTS: LazyLock<Histogram<f64>> =
    LazyLock::new(|| seconds("db.client.operation.duration", "Statements"));
static CONNECTION_WAITS: LazyLock<Histogram<f64>> =
    LazyLock::new(|| seconds("db.client.connection.wait_time", "The wait for a connection"));
static CONNECTION_TIMEOUTS: LazyLock<Counter<u64>> = LazyLock::new(|| {
    counter(
        "db.client.connection.timeouts",
        "{timeout}",
        "Waits for a connection that were in vain",
    )
});
static REPLICA_READS: LazyLock<Counter<u64>> = LazyLock::new(|| {
    counter(
        "couponry.replica.reads",
        "{read}",
        "Reads that the replica may answer",
    )
});

/// What became of these recipients.
pub(crate) fn count_outcomes(outcomes: &[AllocationOutcome]) {
    const NAMES: [&str; 7] = [
        "new",
        "repeat",
        "conflict",
        "released",
        "inactive",
        "exhausted",
        "paused",
    ];
    let mut counts = [0_u64; NAMES.len()];
    for outcome in outcomes {
        let index = match outcome {
            AllocationOutcome::New(_) => 0,
            AllocationOutcome::Repeat(_) => 1,
            AllocationOutcome::Conflict => 2,
            AllocationOutcome::Released => 3,
            AllocationOutcome::ListNotActive => 4,
            AllocationOutcome::Exhausted => 5,
            AllocationOutcome::Paused => 6,
        };
        if let Some(count) = counts.get_mut(index) {
            *count += 1;
        }
    }
    for (name, count) in NAMES.into_iter().zip(counts) {
        if count > 0 {
            ALLOCATIONS.add(count, &[KeyValue::new("outcome", name)]);
        }
    }
}

/// That these recipients were told nothing.
pub(crate) fn count_unanswered(error: &AllocationsUnavailable, recipients: usize) {
    let outcome = match error {
        AllocationsUnavailable::Busy => "busy",
        AllocationsUnavailable::Late => "late",
        AllocationsUnavailable::Stopped => "stopped",
        AllocationsUnavailable::Storage(_) => "failed",
    };
    ALLOCATIONS.add(recipients as u64, &[KeyValue::new("outcome", outcome)]);
}

pub(crate) fn time_in_queue(waited: Duration) {
    QUEUED.record(waited.as_secs_f64(), &[]);
}

pub(crate) fn measure_call(kind: &'static str, lists: usize, keys: usize) {
    let kind = [KeyValue::new("kind", kind)];
    CALL_KEYS.record(keys as u64, &kind);
    CALL_LISTS.record(lists as u64, &kind);
}

pub(crate) fn time_call(kind: &'static str, outcome: &'static str, took: Duration) {
    let labels = [KeyValue::new("kind", kind), KeyValue::new("outcome", outcome)];
    CALLS.record(took.as_secs_f64(), &labels);
}

pub(crate) fn count_locked_gate() {
    LOCKED_GATES.add(1, &[]);
}

/// `pool` is the label of the connections that it ran on.
pub(crate) fn time_statement(pool: &KeyValue, failure: Option<String>, took: Duration) {
    match failure {
        None => STATEMENTS.record(took.as_secs_f64(), std::slice::from_ref(pool)),
        Some(failure) => {
            let labels = [pool.clone(), KeyValue::new("error.type", failure)];
            STATEMENTS.record(took.as_secs_f64(), &labels);
        }
    }
}

pub(crate) fn time_connection(pool: &KeyValue, waited: Duration) {
    CONNECTION_WAITS.record(waited.as_secs_f64(), std::slice::from_ref(pool));
}

pub(crate) fn count_connection_timeout(pool: &KeyValue) {
    CONNECTION_TIMEOUTS.add(1, std::slice::from_ref(pool));
}

pub(crate) fn count_replica_read(answered_by: &'static str) {
    REPLICA_READS.add(1, &[KeyValue::new("answered_by", answered_by)]);
}
