//! Who goes next: what waits for each list, and the calls under way.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::join_all;
use tokio::{runtime::Handle, time::Instant};
use tracing::{Instrument as _, debug_span, warn};

use super::{
    AllocationOutcome, AllocationsUnavailable, GROUP_KEYS, Shared, Shortage, Waiting,
    call::{self, Failure, Gate, Part},
    group::Group,
};
use crate::{Error, ListRef, Result};

/// Calls under way that take whatever lists have something waiting, and wait for no gate. While one is, what comes gathers,
/// since a call costs more than a code; another begins when it would be a whole group.
const COMMON_CALLS: usize = 4;
/// Calls under way for one list each that may wait for its gate. With the common ones that is the pool.
const LONE_CALLS: usize = 4;
/// How long a call may keep its place, whatever becomes of its statements: with all places taken nobody gets a code.
const CALL: Duration = Duration::from_secs(4);
/// Messages that may wait for one list; beyond it callers are told to come back.
const WAITING: usize = 10_000;
/// Lists of a common call: it has all their gates until it is done.
const LISTS: usize = 64;
/// How long a list has calls of its own whose gate was found taken, or that was in a call that was refused.
const ALONE: Duration = Duration::from_secs(1);
/// And how long if it was refused by itself: then it was the reason.
const ALONE_AT_FAULT: Duration = Duration::from_mins(1);

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
    alone_until: Option<Instant>,
}

/// A list that is to have calls of its own for a while, and what it was not served.
struct Alone {
    list_id: i64,
    messages: Vec<Waiting>,
    lasts: Duration,
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
        let may_start = {
            let mut state = self.state();
            state.queue(list, waiting)?;
            state.may_start(list.list_id, Instant::now())
        };
        if may_start {
            self.start_calls();
        }
        Ok(())
    }

    pub(super) async fn ping(&self) -> Result<()> {
        sqlx::query("select 1").execute(&self.shared.pool).await?;
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
                alone: Vec::new(),
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
    alone: Vec<Alone>,
}

impl Drop for Ended {
    fn drop(&mut self) {
        let alone = std::mem::take(&mut self.alone);
        self.dispatcher.state().ended(&self.lists, self.gate, alone);
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
            alone_until: None,
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

    fn ended(&mut self, lists: &[i64], gate: Gate, alone: Vec<Alone>) {
        match gate {
            Gate::Wait => self.lone_calls -= 1,
            Gate::Skip => self.common_calls -= 1,
        }
        for list_id in lists {
            if let Some(queue) = self.queues.get_mut(list_id) {
                queue.calls -= 1;
            }
        }
        for Alone {
            list_id,
            messages,
            lasts,
        } in alone
        {
            let Some(queue) = self.queues.get_mut(&list_id) else {
                continue;
            };
            queue.alone_until = Instant::now().checked_add(lasts);
            if queue.waiting.is_empty() && !messages.is_empty() {
                self.turns.push_front(list_id);
            }
            for waiting in messages.into_iter().rev() {
                self.keys += waiting.requests.len();
                queue.keys += waiting.requests.len();
                queue.waiting.push_front(waiting);
            }
        }
        let now = Instant::now();
        for list_id in lists {
            if self.queues.get(list_id).is_some_and(|queue| queue.is_idle(now)) {
                self.queues.remove(list_id);
            }
        }
    }

    /// Whether something new in a list's queue may start a call: asked for each message, so it looks at few lists.
    fn may_start(&self, list_id: i64, now: Instant) -> bool {
        let may_go_alone =
            |queue: &Queue| self.lone_calls < LONE_CALLS && queue.goes_alone(now) && queue.may_have_another();
        self.queues.get(&list_id).is_some_and(may_go_alone) || self.is_common_free(now)
    }

    fn is_common_free(&self, now: Instant) -> bool {
        let common_keys = || -> usize {
            let common = self.queues.values().filter(|queue| !queue.goes_alone(now));
            common.map(|queue| queue.keys).sum()
        };
        self.common_calls == 0
            || (self.common_calls < COMMON_CALLS && self.keys >= GROUP_KEYS && common_keys() >= GROUP_KEYS)
    }

    /// What can be started now, if anything: a list's own call, or a common one with all that have their turn.
    fn next_call(&mut self, now: Instant) -> Option<(Vec<Messages>, Gate)> {
        let mut common = Vec::new();
        let mut keys = 0;
        let is_common_free = self.is_common_free(now);
        for _ in 0..self.turns.len() {
            let list_id = self.turns.pop_front()?;
            let Some(queue) = self.queues.get_mut(&list_id) else {
                continue;
            };
            let goes_alone = queue.goes_alone(now);
            let goes = if goes_alone {
                common.is_empty() && queue.may_have_another() && self.lone_calls < LONE_CALLS
            } else {
                is_common_free
                    && common.len() < LISTS
                    && (keys == 0 || keys + queue.next_size() <= GROUP_KEYS)
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
        is_reject || self.calls > 0 || self.alone_until.is_some_and(|until| until > now)
    }

    fn may_have_another(&self) -> bool {
        self.calls == 0 || (self.calls == 1 && self.keys >= GROUP_KEYS)
    }

    /// Whether there is nothing to remember of it.
    fn is_idle(&self, now: Instant) -> bool {
        self.calls == 0 && self.waiting.is_empty() && self.alone_until.is_none_or(|until| until <= now)
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
        // Who gave up while the request waited is given nothing: it would keep a code from somebody who waits.
        .filter(|group| !group.keys.is_empty())
        .collect();
    let (contradictory, groups): (Vec<_>, Vec<_>) = groups.into_iter().partition(Group::contradicts_itself);
    for group in contradictory {
        group.answer_all(&AllocationOutcome::Conflict);
    }
    if groups.is_empty() {
        return;
    }
    let deadline = Instant::now() + CALL;
    match call::allocate(&shared, &groups, ended.gate, deadline).await {
        Ok(parts) => {
            let mut served = Vec::with_capacity(groups.len());
            for (group, part) in groups.into_iter().zip(parts) {
                match part {
                    Part::Served(known) => served.push((group, known)),
                    Part::Busy => ended.alone.push(Alone {
                        list_id: group.list.list_id,
                        messages: group.into_messages(),
                        lasts: ALONE,
                    }),
                }
            }
            // The next call need not wait for the answers of this one.
            drop(ended);
            for (group, known) in served {
                group.answer(&known);
            }
        }
        // Nothing was taken. One list's fault must not be the others': each is asked for by itself.
        Err(Failure::Refused(error)) if groups.len() > 1 => {
            warn!(%error, "a call for several lists was refused");
            ended.alone.extend(groups.into_iter().map(|group| Alone {
                list_id: group.list.list_id,
                messages: group.into_messages(),
                lasts: ALONE,
            }));
        }
        Err(Failure::Refused(error)) => {
            ended.alone.extend(groups.iter().map(|group| Alone {
                list_id: group.list.list_id,
                messages: Vec::new(),
                lasts: ALONE_AT_FAULT,
            }));
            drop(ended);
            fail(groups, &error);
        }
        Err(Failure::NotMade(error)) => {
            drop(ended);
            fail(groups, &error);
        }
        Err(Failure::Lost(error)) => {
            drop(ended);
            join_all(groups.into_iter().map(|group| settle(&shared, group, &error))).await;
        }
    }
}

fn fail(groups: Vec<Group>, error: &Error) {
    warn!(%error, "allocation failed");
    for group in groups {
        group.fail(error.clone());
    }
}

/// The answer never came, but the codes may have been handed out: the ledger knows. If it has nothing, nothing is known:
/// the call may still be waiting on the server.
async fn settle(shared: &Shared, group: Group, lost: &Error) {
    let deadline = Instant::now() + CALL;
    if let Ok(known) = call::look_up(shared, &group.list, &group.keys, deadline).await
        && let Some(known) = known.into_iter().collect::<Option<Vec<_>>>()
    {
        group.answer(&known);
    } else {
        fail(vec![group], lost);
    }
}
