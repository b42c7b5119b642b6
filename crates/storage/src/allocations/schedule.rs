//! Which requests go into which call, and when: decided here without a database, a task or a clock of its own.
//!
//! A shared call serves several lists, waits for their gates for a short while, and skips those whose gate is taken for
//! longer; there is none where lists are on several machines. A single-list call serves one list and waits for its gate. While a shared call runs, requests queue up, because a call costs more than the codes in it.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;

use super::GROUP_KEYS;
use crate::ListRef;

/// Shared calls that may run at once. A second one begins only when it would be a whole group.
const SHARED_CALLS: usize = 4;
/// Single-list calls that may run at once. With the shared ones that is the connection pool.
const SINGLE_LIST_CALLS: usize = 4;
/// Messages that may wait for one list; beyond it callers are told to come back.
const QUEUE_MESSAGES: usize = 10_000;
/// Lists in one shared call, which holds all their gates until it ends.
const CALL_LISTS: usize = 256;

/// What one caller asks for at once; its requests stay together.
pub(super) trait Message {
    fn keys(&self) -> usize;
    /// Such a message has a call of its own: it must not take others down with it.
    fn is_all_or_nothing(&self) -> bool;
}

/// The queues of all lists, and how many calls run.
pub(super) struct Schedule<M> {
    queues: HashMap<i64, Queue<M>>,
    /// Lists with something queued, in the order of their turns; each once.
    turns: VecDeque<i64>,
    /// Keys queued, of all lists.
    keys: usize,
    shared_calls: usize,
    single_list_calls: usize,
    /// Lists are on several machines: each has calls of its own, which go to where it is.
    lists_are_apart: bool,
}

/// What is queued for one list.
struct Queue<M> {
    list: Arc<ListRef>,
    messages: VecDeque<M>,
    keys: usize,
    /// Calls that serve the list now.
    calls: usize,
    /// Until then the list has single-list calls only.
    deferred_until: Option<Instant>,
}

/// Whether a call serves several lists, or waits for the gate of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallKind {
    Shared,
    SingleList,
}

/// A call to be made now.
pub(super) struct Call<M> {
    pub(super) kind: CallKind,
    pub(super) lists: Vec<(Arc<ListRef>, Vec<M>)>,
}

/// A list that is to have single-list calls for a while, and the messages that it was not served.
pub(super) struct Deferred<M> {
    pub(super) list_id: i64,
    pub(super) messages: Vec<M>,
    pub(super) lasts: Duration,
}

/// The list's queue has no room.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct QueueIsFull;

impl<M> Default for Schedule<M> {
    fn default() -> Self {
        Self {
            queues: HashMap::new(),
            turns: VecDeque::new(),
            keys: 0,
            shared_calls: 0,
            single_list_calls: 0,
            lists_are_apart: false,
        }
    }
}

impl<M: Message> Schedule<M> {
    /// From now on no call serves several lists.
    pub(super) fn keep_lists_apart(&mut self) {
        self.lists_are_apart = true;
    }

    pub(super) fn queued(&self) -> usize {
        self.keys
    }

    pub(super) fn enqueue(&mut self, list: &Arc<ListRef>, message: M) -> Result<(), QueueIsFull> {
        let queue = self.queues.entry(list.list_id).or_insert_with(|| Queue {
            list: list.clone(),
            messages: VecDeque::new(),
            keys: 0,
            calls: 0,
            deferred_until: None,
        });
        if queue.messages.len() >= QUEUE_MESSAGES {
            return Err(QueueIsFull);
        }
        if queue.messages.is_empty() {
            self.turns.push_back(list.list_id);
        }
        self.keys += message.keys();
        queue.keys += message.keys();
        queue.messages.push_back(message);
        Ok(())
    }

    /// Whether a message that was just queued for the list may start a call: asked for each message, so it looks at few
    /// lists.
    pub(super) fn may_start(&self, list_id: i64, now: Instant) -> bool {
        let may_go_alone = |queue: &Queue<M>| {
            self.has_single_list_room()
                && self.next_kind(queue, now) == CallKind::SingleList
                && queue.may_have_another_call()
        };
        self.queues.get(&list_id).is_some_and(may_go_alone) || self.has_shared_room(now)
    }

    /// The call that can be started now, if any: a list's own, or a shared one of all lists whose turn it is.
    pub(super) fn next_call(&mut self, now: Instant) -> Option<Call<M>> {
        let has_shared_room = self.has_shared_room(now);
        let mut lists = Vec::new();
        let mut keys = 0;
        for _ in 0..self.turns.len() {
            let list_id = self.turns.pop_front()?;
            let has_single_list_room = self.has_single_list_room();
            let lists_are_apart = self.lists_are_apart;
            let Some(queue) = self.queues.get_mut(&list_id) else {
                continue;
            };
            let kind = queue.next_kind(lists_are_apart, now);
            let goes = match kind {
                CallKind::SingleList => {
                    lists.is_empty() && has_single_list_room && queue.may_have_another_call()
                }
                CallKind::Shared => {
                    let fits = keys == 0 || keys + queue.keys.min(GROUP_KEYS) <= GROUP_KEYS;
                    has_shared_room && lists.len() < CALL_LISTS && fits
                }
            };
            if !goes {
                self.turns.push_back(list_id);
                continue;
            }
            let (messages, taken) = queue.take();
            keys += taken;
            self.keys -= taken;
            queue.calls += 1;
            if !queue.messages.is_empty() {
                self.turns.push_back(list_id);
            }
            lists.push((queue.list.clone(), messages));
            if kind == CallKind::SingleList {
                self.single_list_calls += 1;
                return Some(Call { kind, lists });
            }
        }
        if lists.is_empty() {
            return None;
        }
        self.shared_calls += 1;
        let kind = CallKind::Shared;
        Some(Call { kind, lists })
    }

    /// A call that served these lists has ended. What it did not serve goes first in its list's queue again.
    pub(super) fn end_call(
        &mut self,
        kind: CallKind,
        lists: &[i64],
        deferred: Vec<Deferred<M>>,
        now: Instant,
    ) {
        match kind {
            CallKind::SingleList => self.single_list_calls -= 1,
            CallKind::Shared => self.shared_calls -= 1,
        }
        for list_id in lists {
            if let Some(queue) = self.queues.get_mut(list_id) {
                queue.calls -= 1;
            }
        }
        for deferred in deferred {
            self.defer(deferred, now);
        }
        for list_id in lists {
            if self.queues.get(list_id).is_some_and(|queue| queue.is_idle(now)) {
                self.queues.remove(list_id);
            }
        }
    }

    fn defer(&mut self, deferred: Deferred<M>, now: Instant) {
        let Some(queue) = self.queues.get_mut(&deferred.list_id) else {
            return;
        };
        queue.deferred_until = now.checked_add(deferred.lasts);
        if queue.messages.is_empty() && !deferred.messages.is_empty() {
            self.turns.push_front(deferred.list_id);
        }
        for message in deferred.messages.into_iter().rev() {
            self.keys += message.keys();
            queue.keys += message.keys();
            queue.messages.push_front(message);
        }
    }

    fn next_kind(&self, queue: &Queue<M>, now: Instant) -> CallKind {
        queue.next_kind(self.lists_are_apart, now)
    }

    fn has_single_list_room(&self) -> bool {
        let most = if self.lists_are_apart {
            SINGLE_LIST_CALLS + SHARED_CALLS
        } else {
            SINGLE_LIST_CALLS
        };
        self.single_list_calls < most
    }

    fn has_shared_room(&self, now: Instant) -> bool {
        let shared_keys = || -> usize {
            let shared = self.queues.values();
            let shared = shared.filter(|queue| self.next_kind(queue, now) == CallKind::Shared);
            shared.map(|queue| queue.keys).sum()
        };
        let is_first = self.shared_calls == 0;
        let is_whole_group = || self.keys >= GROUP_KEYS && shared_keys() >= GROUP_KEYS;
        !self.lists_are_apart && (is_first || (self.shared_calls < SHARED_CALLS && is_whole_group()))
    }
}

impl<M: Message> Queue<M> {
    /// A list has a call of its own if its first message is all or nothing, if it was deferred, and behind a call that
    /// serves it already: a second one looks up its keys while the first has the gate.
    fn next_kind(&self, lists_are_apart: bool, now: Instant) -> CallKind {
        let is_deferred = self.deferred_until.is_some_and(|until| until > now);
        if lists_are_apart
            || self.calls > 0
            || is_deferred
            || self.messages.front().is_some_and(Message::is_all_or_nothing)
        {
            CallKind::SingleList
        } else {
            CallKind::Shared
        }
    }

    /// A second call only for a whole group, and never a third: it would wait for the gate behind both.
    fn may_have_another_call(&self) -> bool {
        self.calls == 0 || (self.calls == 1 && self.keys >= GROUP_KEYS)
    }

    /// Whether nothing of the list needs to be remembered.
    fn is_idle(&self, now: Instant) -> bool {
        self.calls == 0 && self.messages.is_empty() && self.deferred_until.is_none_or(|until| until <= now)
    }

    /// What goes into one call, and how many keys that is: messages up to a group's size, or one that is all or nothing.
    fn take(&mut self) -> (Vec<M>, usize) {
        let mut messages = Vec::new();
        let mut keys = 0;
        while let Some(next) = self.messages.front() {
            let is_alone = next.is_all_or_nothing();
            let fits = keys + next.keys() <= GROUP_KEYS && !is_alone;
            if !messages.is_empty() && !fits {
                break;
            }
            keys += next.keys();
            messages.extend(self.messages.pop_front());
            if is_alone {
                break;
            }
        }
        self.keys -= keys;
        (messages, keys)
    }
}

#[cfg(test)]
mod apart;
#[cfg(test)]
mod tests;
