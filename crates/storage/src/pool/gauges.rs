//! How full the pools are, looked at when somebody reads the metrics.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use deadpool::Status;
use opentelemetry::{
    KeyValue,
    metrics::{AsyncInstrument, ObservableGauge},
};

use super::connections::Idle;
use crate::metrics::meter;

/// The label of a pool's metrics.
pub(super) const POOL: &str = "db.client.connection.pool.name";

/// All pools that are open, and the instruments that look at them.
static GAUGES: LazyLock<Gauges> = LazyLock::new(Gauges::new);

struct Gauges {
    pools: Mutex<Vec<(KeyValue, Idle)>>,
    _instruments: [ObservableGauge<u64>; 3],
}

/// From now on this pool is looked at, until it is closed.
pub(super) fn watch(name: &KeyValue, pool: &Idle) {
    GAUGES.pools().push((name.clone(), pool.clone()));
}

impl Gauges {
    fn new() -> Self {
        let count = gauge("db.client.connection.count", |name, status| {
            let state = |state| vec![name.clone(), KeyValue::new("db.client.connection.state", state)];
            let used = status.size.saturating_sub(status.available);
            vec![(status.available, state("idle")), (used, state("used"))]
        });
        let max = gauge("db.client.connection.max", |name, status| {
            vec![(status.max_size, vec![name.clone()])]
        });
        let pending = gauge("db.client.connection.pending_requests", |name, status| {
            vec![(status.waiting, vec![name.clone()])]
        });
        Self {
            pools: Mutex::default(),
            _instruments: [count, max, pending],
        }
    }

    fn pools(&self) -> MutexGuard<'_, Vec<(KeyValue, Idle)>> {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools.retain(|(_, pool)| !pool.is_closed());
        pools
    }
}

fn gauge(
    name: &'static str,
    look: impl Fn(&KeyValue, Status) -> Vec<(usize, Vec<KeyValue>)> + Send + Sync + 'static,
) -> ObservableGauge<u64> {
    let observe = move |observer: &dyn AsyncInstrument<u64>| {
        for (name, pool) in GAUGES.pools().iter() {
            for (value, labels) in look(name, pool.status()) {
                observer.observe(value as u64, &labels);
            }
        }
    };
    meter().u64_observable_gauge(name).with_callback(observe).build()
}
