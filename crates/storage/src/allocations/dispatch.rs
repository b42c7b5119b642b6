//! Who goes next: what waits for each list, and the calls under way.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::runtime::Handle;
use tracing::{Instrument as _, debug_span, warn};

use super::{
    AllocationOutcome, AllocationsUnavailable, GROUP_KEYS, Shared, Shortage, Waiting,
    call::{self, Gate, Part},
    group::Group,
};
use crate::{Error, ListRef};

/// Calls under way that take whatever lists have something waiting. They wait for no gate, so they are short. While one is,
/// what comes gathers, since a call costs more than a code; another begins when it would be a whole group.
const COMMON_CALLS: usize = 4;
/// Calls under way for one list each that may wait for its gate. With the common ones that is the pool.
const LONE_CALLS: usize = 4;
/// Messages that may wait for one list; beyond it callers are told to come back.
const WAITING: usize = 10_000;
/// How long a list whose gate was found taken has calls of its own.
const CONTENDED: Duration = Duration::from_secs(1);

/// Whoever has a request puts it into its list's queue, and starts a call if one may be started; so does each call at its
/// end. There is no task in between: it would be woken for every request only to see that a call is under way.
pub(super) struct Dispatcher {
    shared: Arc<Shared>,
    /// Of the tasks that make the calls.
    runtime: Handle,
    waiting: Mutex<State>,
}

impl fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatcher").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct State {
    queues: HashMap<i64, Queue>,
    /// Lists with something waiting, in the order of their turns.
    turns: VecDeque<i64>,
    /// How many keys are waiting, of all lists.
    keys: usize,
    common_calls: usize,
    lone_calls: usize,
}

/// What waits for one list.
struct Queue {
    list: Arc<ListRef>,
    waiting: VecDeque<Waiting>,
    keys: usize,
    calls: usize,
    contended_until: Option<Instant>,
}

/// A list that was not served since somebody had its gate.
struct Busy {
    list_id: i64,
    messages: Vec<Waiting>,
}

type Messages = (Arc<ListRef>, Vec<Waiting>);

impl Dispatcher {
    pub(super) fn new(shared: Shared, runtime: Handle) -> Self {
        Self {
            shared: Arc::new(shared),
            runtime,
            waiting: Mutex::default(),
        }
    }

    pub(super) fn submit(
        self: &Arc<Self>,
        list: &Arc<ListRef>,
        waiting: Waiting,
    ) -> Result<(), AllocationsUnavailable> {
        self.state().queue(list, waiting)?;
        self.start_calls();
        Ok(())
    }

    fn start_calls(self: &Arc<Self>) {
        // The lock is not held while a task is spawned: a runtime that is shutting down drops it at once, which is its end.
        let next = || self.state().next_call(Instant::now());
        while let Some((call, gate)) = next() {
            let span = debug_span!("allocate", lists = call.len());
            // Made before the task, so that it is there whatever becomes of that.
            let ended = Ended {
                dispatcher: self.clone(),
                lists: call.iter().map(|(list, _)| list.list_id).collect(),
                gate,
                busy: Vec::new(),
            };
            self.runtime
                .spawn(carry_out(self.shared.clone(), call, ended).instrument(span));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of a call, also of one that panicked: the next may begin.
struct Ended {
    dispatcher: Arc<Dispatcher>,
    lists: Vec<i64>,
    gate: Gate,
    busy: Vec<Busy>,
}

impl Drop for Ended {
    fn drop(&mut self) {
        let busy = std::mem::take(&mut self.busy);
        self.dispatcher.state().ended(&self.lists, self.gate, busy);
        self.dispatcher.start_calls();
    }
}

impl State {
    fn queue(&mut self, list: &Arc<ListRef>, waiting: Waiting) -> Result<(), AllocationsUnavailable> {
        let queue = self.queues.entry(list.list_id).or_insert_with(|| Queue {
            list: list.clone(),
            waiting: VecDeque::new(),
            keys: 0,
            calls: 0,
            contended_until: None,
        });
        if queue.waiting.len() >= WAITING {
            return Err(AllocationsUnavailable::Busy);
        }
        if queue.waiting.is_empty() {
            self.turns.push_back(list.list_id);
        }
        self.keys += waiting.requests.len();
        queue.keys += waiting.requests.len();
        queue.waiting.push_back(waiting);
        Ok(())
    }

    fn ended(&mut self, lists: &[i64], gate: Gate, busy: Vec<Busy>) {
        match gate {
            Gate::Wait => self.lone_calls -= 1,
            Gate::Skip => self.common_calls -= 1,
        }
        for list_id in lists {
            if let Some(queue) = self.queues.get_mut(list_id) {
                queue.calls -= 1;
            }
        }
        for Busy { list_id, messages } in busy {
            let Some(queue) = self.queues.get_mut(&list_id) else {
                continue;
            };
            queue.contended_until = Instant::now().checked_add(CONTENDED);
            if queue.waiting.is_empty() {
                self.turns.push_front(list_id);
            }
            for waiting in messages.into_iter().rev() {
                self.keys += waiting.requests.len();
                queue.keys += waiting.requests.len();
                queue.waiting.push_front(waiting);
            }
        }
        for list_id in lists {
            if self.queues.get(list_id).is_some_and(Queue::is_idle) {
                self.queues.remove(list_id);
            }
        }
    }

    /// What can be started now, if anything: a list's own call, or a common one with all that have their turn.
    fn next_call(&mut self, now: Instant) -> Option<(Vec<Messages>, Gate)> {
        let mut common = Vec::new();
        let mut keys = 0;
        let is_common_free =
            self.common_calls == 0 || (self.common_calls < COMMON_CALLS && self.keys >= GROUP_KEYS);
        for _ in 0..self.turns.len() {
            let list_id = self.turns.pop_front()?;
            let Some(queue) = self.queues.get_mut(&list_id) else {
                continue;
            };
            let goes_alone = queue.goes_alone(now);
            let goes = if goes_alone {
                common.is_empty() && queue.may_have_another() && self.lone_calls < LONE_CALLS
            } else {
                is_common_free && (keys == 0 || keys + queue.next_size() <= GROUP_KEYS)
            };
            if !goes {
                self.turns.push_back(list_id);
                continue;
            }
            let messages = queue.take();
            let taken = messages
                .1
                .iter()
                .map(|waiting| waiting.requests.len())
                .sum::<usize>();
            self.keys -= taken;
            queue.calls += 1;
            if !queue.waiting.is_empty() {
                self.turns.push_back(list_id);
            }
            if goes_alone {
                self.lone_calls += 1;
                return Some((vec![messages], Gate::Wait));
            }
            keys += messages
                .1
                .iter()
                .map(|waiting| waiting.requests.len())
                .sum::<usize>();
            common.push(messages);
        }
        if common.is_empty() {
            return None;
        }
        self.common_calls += 1;
        Some((common, Gate::Skip))
    }
}

impl Queue {
    /// Whether the next call is this list's own: all or nothing must not take others down with it; a gate that somebody
    /// has is waited for; and behind a call under way a whole group looks up its keys already.
    fn goes_alone(&self, now: Instant) -> bool {
        let is_reject = self
            .waiting
            .front()
            .is_some_and(|waiting| waiting.shortage == Shortage::Reject);
        is_reject || self.calls > 0 || self.contended_until.is_some_and(|until| until > now)
    }

    fn may_have_another(&self) -> bool {
        self.calls == 0 || (self.calls == 1 && self.keys >= GROUP_KEYS)
    }

    fn is_idle(&self) -> bool {
        self.calls == 0 && self.waiting.is_empty()
    }

    /// How many keys the next group has at most.
    fn next_size(&self) -> usize {
        self.keys.min(GROUP_KEYS)
    }

    /// What goes together: up to a group's size, or one message that is all or nothing.
    fn take(&mut self) -> Messages {
        let mut messages = Vec::new();
        let mut keys = 0;
        while let Some(next) = self.waiting.front() {
            let is_reject = next.shortage == Shortage::Reject;
            let fits = keys + next.requests.len() <= GROUP_KEYS && !is_reject;
            if !messages.is_empty() && !fits {
                break;
            }
            keys += next.requests.len();
            messages.extend(self.waiting.pop_front());
            if is_reject {
                break;
            }
        }
        self.keys -= keys;
        (self.list.clone(), messages)
    }
}

/// Makes the call and answers whoever waits, but for lists whose gate was taken: their messages come back.
async fn carry_out(shared: Arc<Shared>, call: Vec<Messages>, mut ended: Ended) {
    let groups: Vec<Group> = call
        .into_iter()
        .map(|(list, messages)| Group::new(list, messages))
        .collect();
    let (contradictory, groups): (Vec<_>, Vec<_>) = groups.into_iter().partition(Group::contradicts_itself);
    for group in contradictory {
        group.answer_all(&AllocationOutcome::Conflict);
    }
    match call::allocate(&shared, &groups, ended.gate).await {
        Ok(parts) => {
            let mut served = Vec::with_capacity(groups.len());
            for (group, part) in groups.into_iter().zip(parts) {
                match part {
                    Part::Served(known) => served.push((group, known)),
                    Part::Busy => ended.busy.push(Busy {
                        list_id: group.list.list_id,
                        messages: group.into_messages(),
                    }),
                }
            }
            // The next call need not wait for the answers of this one.
            drop(ended);
            for (group, known) in served {
                group.answer(&known);
            }
        }
        Err(Error::Fault(fault)) if groups.len() > 1 => {
            warn!(fault, "a call for several lists failed: once more, one by one");
            for group in groups {
                alone(&shared, group).await;
            }
        }
        Err(error) => {
            for group in groups {
                settle(&shared, group, &error).await;
            }
        }
    }
}

/// One list's fault must not be the others'.
async fn alone(shared: &Shared, group: Group) {
    let groups = [group];
    let parts = call::allocate(shared, &groups, Gate::Wait).await;
    let [group] = groups;
    match parts.map(|mut parts| parts.pop()) {
        Ok(Some(Part::Served(known))) => group.answer(&known),
        Ok(_) => group.fail(Error::Fault("allocate answered no list".to_owned())),
        Err(error) => settle(shared, group, &error).await,
    }
}

/// The answer never came, but the codes may have been handed out: the ledger knows. If it has nothing, nothing is known:
/// the call may still be waiting on the server.
async fn settle(shared: &Shared, group: Group, lost: &Error) {
    warn!(error = %lost, "allocation failed");
    if matches!(lost, Error::Unavailable(_))
        && let Ok(known) = call::look_up(shared, &group.list, &group.keys).await
        && let Some(known) = known.into_iter().collect::<Option<Vec<_>>>()
    {
        group.answer(&known);
    } else {
        group.fail(lost.clone());
    }
}
