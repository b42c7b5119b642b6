//! What only the database knows, looked at every few seconds by one task: whoever reads the metrics asks it nothing.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use opentelemetry::{
    KeyValue, global,
    metrics::{AsyncInstrument, Meter},
};
use storage::{Allocator, BusyList, JobCount, ReplicaLag, Storage};
use tokio::time::{sleep, timeout};

use super::process;

const PAUSE: Duration = Duration::from_secs(15);
/// A look that takes longer is given up.
const PATIENCE: Duration = Duration::from_secs(10);
/// Values that are older are not shown any more.
const GOOD_FOR: Duration = Duration::from_mins(1);
/// Lists that metrics name: each is a series of its own.
const LISTS: usize = 10;

/// Looks, for as long as it is kept running.
#[derive(Debug)]
pub(crate) struct Observer {
    storage: Storage,
    /// Of a process that answers the API.
    allocator: Option<Allocator>,
    /// Whether this process tells of jobs: one that works through them.
    tells_of_jobs: bool,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug)]
struct Seen {
    /// When all of it was last seen, or the start.
    at: Instant,
    jobs: Vec<JobCount>,
    lists: Vec<SeenList>,
    replicas: Vec<ReplicaLag>,
}

#[derive(Debug)]
struct SeenList {
    busy: BusyList,
    available: Option<u64>,
}

impl Observer {
    pub(crate) fn new(storage: Storage, allocator: Option<Allocator>, tells_of_jobs: bool) -> Self {
        let started = Instant::now();
        let seen = Arc::new(Mutex::new(Seen {
            at: started,
            jobs: Vec::new(),
            lists: Vec::new(),
            replicas: Vec::new(),
        }));
        process::watch(started);
        show(&seen, allocator.clone());
        Self {
            storage,
            allocator,
            tells_of_jobs,
            seen,
        }
    }

    /// Until it is dropped.
    pub(crate) async fn run(self) {
        loop {
            match timeout(PATIENCE, self.look()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::debug!(%error, "the database could not be looked at for metrics");
                }
                Err(_) => tracing::debug!("looking at the database for metrics took too long"),
            }
            sleep(PAUSE).await;
        }
    }

    async fn look(&self) -> storage::Result<()> {
        let busiest = self
            .allocator
            .as_ref()
            .map(|allocator| allocator.busiest_lists(LISTS));
        let lists = busiest.into_iter().flatten().map(|busy| SeenList {
            busy,
            available: None,
        });
        // What this process knows by itself does not wait for the database.
        self.seen().lists = lists.collect();
        let jobs = if self.tells_of_jobs {
            self.storage.count_jobs().await?
        } else {
            self.storage.ping().await?;
            Vec::new()
        };
        let lists: Vec<_> = self
            .seen()
            .lists
            .iter()
            .map(|seen| Arc::clone(&seen.busy.list))
            .collect();
        let mut stocks = Vec::new();
        for list in lists {
            stocks.push(self.storage.stock(&list).await?.available);
        }
        let replicas = self.storage.replica_lags().await?;
        let mut seen = self.seen();
        for (list, available) in seen.lists.iter_mut().zip(stocks) {
            list.available = u64::try_from(available).ok();
        }
        seen.jobs = jobs;
        seen.replicas = replicas;
        seen.at = Instant::now();
        Ok(())
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the instruments, which look at what was seen last.
fn show(seen: &Arc<Mutex<Seen>>, allocator: Option<Allocator>) {
    let meter = global::meter("couponry");
    gauge(&meter, "couponry.build.info", "", "1", |observer| {
        observer.observe(1.0, &[KeyValue::new("version", env!("CARGO_PKG_VERSION"))]);
    });
    let of_seen = |look: fn(&Seen, &dyn AsyncInstrument<f64>)| {
        let seen = Arc::clone(seen);
        move |observer: &dyn AsyncInstrument<f64>| {
            look(&seen.lock().unwrap_or_else(PoisonError::into_inner), observer);
        }
    };
    gauge(
        &meter,
        "couponry.observation.age",
        "s",
        "How old the values are that come from the database",
        of_seen(|seen, observer| observer.observe(seen.at.elapsed().as_secs_f64(), &[])),
    );
    gauge(&meter, "couponry.jobs", "{job}", "Jobs", of_seen(show_jobs));
    gauge(
        &meter,
        "couponry.job.oldest.age",
        "s",
        "How long the oldest job has been due",
        of_seen(show_oldest_jobs),
    );
    gauge(
        &meter,
        "couponry.replica.lag",
        "s",
        "How far a replica of the database is behind",
        of_seen(show_replicas),
    );
    let Some(allocator) = allocator else { return };
    gauge(
        &meter,
        "couponry.allocation.queued",
        "{allocation}",
        "Recipients that wait for a call now",
        move |observer| observer.observe(number(allocator.queued() as u64), &[]),
    );
    gauge(
        &meter,
        "couponry.list.available",
        "{code}",
        "Codes that are left",
        of_seen(show_stocks),
    );
    let seen = Arc::clone(seen);
    meter
        .u64_observable_counter("couponry.list.allocations")
        .with_unit("{allocation}")
        .with_description("Codes handed out")
        .with_callback(move |observer| {
            for list in &seen.lock().unwrap_or_else(PoisonError::into_inner).lists {
                observer.observe(list.busy.handed_out, &[list.label()]);
            }
        })
        .build();
}

fn gauge(
    meter: &Meter,
    name: &'static str,
    unit: &'static str,
    description: &'static str,
    observe: impl Fn(&dyn AsyncInstrument<f64>) + Send + Sync + 'static,
) {
    meter
        .f64_observable_gauge(name)
        .with_unit(unit)
        .with_description(description)
        .with_callback(observe)
        .build();
}

fn show_jobs(seen: &Seen, observer: &dyn AsyncInstrument<f64>) {
    for job in seen.good_jobs() {
        for (state, jobs) in [("ready", job.ready), ("running", job.running), ("dead", job.dead)] {
            let labels = [
                KeyValue::new("kind", job.kind.clone()),
                KeyValue::new("state", state),
            ];
            observer.observe(number(jobs.unsigned_abs()), &labels);
        }
    }
}

fn show_oldest_jobs(seen: &Seen, observer: &dyn AsyncInstrument<f64>) {
    for job in seen.good_jobs() {
        observer.observe(
            job.oldest.as_secs_f64(),
            &[KeyValue::new("kind", job.kind.clone())],
        );
    }
}

fn show_replicas(seen: &Seen, observer: &dyn AsyncInstrument<f64>) {
    if seen.is_good() {
        for replica in &seen.replicas {
            observer.observe(
                replica.lag.as_secs_f64(),
                &[KeyValue::new("replica", replica.name.clone())],
            );
        }
    }
}

fn show_stocks(seen: &Seen, observer: &dyn AsyncInstrument<f64>) {
    if seen.is_good() {
        for list in &seen.lists {
            if let Some(available) = list.available {
                observer.observe(number(available), &[list.label()]);
            }
        }
    }
}

impl Seen {
    fn is_good(&self) -> bool {
        self.at.elapsed() < GOOD_FOR
    }

    fn good_jobs(&self) -> &[JobCount] {
        if self.is_good() { &self.jobs } else { &[] }
    }
}

impl SeenList {
    fn label(&self) -> KeyValue {
        KeyValue::new("coupon_list_id", self.busy.list.public_id.to_string())
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "exact up to 2^53, far beyond what is counted"
)]
fn number(count: u64) -> f64 {
    count as f64
}
