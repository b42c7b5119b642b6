//! Starts the calls that the schedule says, each in a task of its own.

use std::{
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{runtime::Handle, sync::OnceCell, time::Instant};
use tracing::{Instrument as _, debug_span};

use super::{
    AllocationsUnavailable, BusyList, Shared, Waiting, perform,
    schedule::{Call, CallKind, Deferred, QueueIsFull, Schedule},
};
use crate::{ListRef, Result, lineage::Watch, migrations::is_spread, traces::call_span};

/// Whoever has a request queues it, and starts a call if one may be started; so does each call at its end. There is no
/// task in between: it would be woken for every request only to see that a call runs.
pub(super) struct Dispatcher {
    shared: Arc<Shared>,
    /// Of the tasks that make the calls.
    runtime: Handle,
    schedule: Mutex<Schedule<Waiting>>,
    /// Full once it is known whether lists are on several machines.
    placement: OnceCell<()>,
}

impl fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatcher").finish_non_exhaustive()
    }
}

impl Dispatcher {
    pub(super) fn new(shared: Shared, runtime: Handle) -> Self {
        Self {
            shared: Arc::new(shared),
            runtime,
            schedule: Mutex::default(),
            placement: OnceCell::new(),
        }
    }

    pub(super) fn submit(
        self: &Arc<Self>,
        list: &Arc<ListRef>,
        waiting: Waiting,
    ) -> Result<(), AllocationsUnavailable> {
        let may_start = {
            let mut schedule = self.schedule();
            schedule
                .enqueue(list, waiting)
                .map_err(|QueueIsFull| AllocationsUnavailable::Busy)?;
            schedule.may_start(list.list_id, Instant::now())
        };
        if may_start {
            self.start_calls();
        }
        Ok(())
    }

    /// Asks the database, once, whether it is spread over machines (Citus): then no call is made for several lists.
    pub(super) async fn learn_placement(&self, deadline: Instant) -> Result<()> {
        let learn = async || {
            if is_spread(self.shared.pool.until(deadline)).await? {
                self.schedule().keep_lists_apart();
                self.shared.lineage.ignore_servers();
            }
            Ok(())
        };
        self.placement.get_or_try_init(learn).await.copied()
    }

    pub(super) fn lineage(&self) -> &Watch {
        &self.shared.lineage
    }

    pub(super) async fn keep_watch(&self) {
        self.shared.lineage.keep(&self.shared.pool).await;
    }

    pub(super) async fn ping(&self) -> Result<()> {
        sqlx::query("select 1").execute(&self.shared.pool).await?;
        Ok(())
    }

    pub(super) fn queued(&self) -> usize {
        self.schedule().queued()
    }

    pub(super) fn busiest_lists(&self, most: usize) -> Vec<BusyList> {
        self.shared.busiest.look(most)
    }

    fn start_calls(self: &Arc<Self>) {
        // The lock is not held while a task is spawned: a runtime that is shutting down drops it at once, which is its end.
        let next = || self.schedule().next_call(Instant::now());
        while let Some(Call { kind, lists }) = next() {
            let span = debug_span!("allocate", lists = lists.len());
            let waiting = lists.iter().flat_map(|(_, messages)| messages);
            let traced = call_span(kind.as_str(), lists.len(), waiting.map(|waiting| &waiting.span));
            // Made before the task, so that it is there whatever becomes of that.
            let guard = CallGuard {
                dispatcher: self.clone(),
                kind,
                lists: lists.iter().map(|(list, _)| list.list_id).collect(),
                deferred: Vec::new(),
            };
            let call = perform::call(self.shared.clone(), lists, guard);
            self.runtime.spawn(call.instrument(traced).instrument(span));
        }
    }

    fn schedule(&self) -> MutexGuard<'_, Schedule<Waiting>> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As metrics and traces call it.
impl CallKind {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::SingleList => "single_list",
        }
    }
}

/// Ends its call when it is dropped, also where the call panicked: the next may begin.
pub(super) struct CallGuard {
    dispatcher: Arc<Dispatcher>,
    pub(super) kind: CallKind,
    lists: Vec<i64>,
    deferred: Vec<Deferred<Waiting>>,
}

impl CallGuard {
    /// The list has calls of its own for a while, first with these messages, which were not served.
    pub(super) fn defer(&mut self, deferred: Deferred<Waiting>) {
        self.deferred.push(deferred);
    }
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        let deferred = mem::take(&mut self.deferred);
        self.dispatcher
            .schedule()
            .end_call(self.kind, &self.lists, deferred, Instant::now());
        self.dispatcher.start_calls();
    }
}
