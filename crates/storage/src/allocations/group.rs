//! One list's part of a call: the messages that go together, their keys, and what each asker hears.

use std::{collections::HashMap, sync::Arc};

use domain::RequestKey;
use tokio::sync::oneshot;
use tracing::Span;

use super::{
    AllocationOutcome, AllocationRequest, AllocationsUnavailable, Shortage, Waiting,
    answer::{KeyAnswer, is_same, outcome},
};
use crate::{
    Error, ListRef, Result,
    metrics::{count_outcomes, time_in_queue},
};

/// Messages of one list that go together.
pub(super) struct Group {
    pub(super) list: Arc<ListRef>,
    pub(super) shortage: Shortage,
    /// Those that differ. A key met twice: the first request gets the code, the others are its repeats.
    pub(super) keys: Vec<Key>,
    /// All requests, in the order of their messages.
    asked: Vec<Asked>,
    askers: Vec<Asker>,
}

/// A key, and the index of the first request that named it.
pub(super) struct Key {
    pub(super) key: RequestKey,
    first: usize,
}

/// A request, and the index of its key.
struct Asked {
    request: AllocationRequest,
    key: usize,
}

/// Who waits, and for how many of the requests.
struct Asker {
    requests: usize,
    span: Span,
    answer: Answer,
}

/// Where a handler waits.
pub(super) type Answer = oneshot::Sender<Result<Vec<AllocationOutcome>, AllocationsUnavailable>>;

impl Group {
    /// Without those whose asker has gone already.
    pub(super) fn new(list: Arc<ListRef>, messages: Vec<Waiting>) -> Self {
        let messages: Vec<Waiting> = (messages.into_iter())
            .filter(|waiting| !waiting.answer.is_closed())
            .collect();
        let size = messages.iter().map(|waiting| waiting.requests.len()).sum();
        let mut index_of: HashMap<RequestKey, usize> = HashMap::with_capacity(size);
        let mut group = Self {
            shortage: messages
                .first()
                .map_or(Shortage::Partial, |waiting| waiting.shortage),
            list,
            keys: Vec::with_capacity(size),
            asked: Vec::with_capacity(size),
            askers: Vec::with_capacity(messages.len()),
        };
        for waiting in messages {
            if let Some(since) = waiting.since {
                time_in_queue(since.elapsed());
            }
            let requests = waiting.requests;
            group.askers.push(Asker {
                requests: requests.len(),
                span: waiting.span,
                answer: waiting.answer,
            });
            for request in requests {
                let key = request.key(&group.list);
                let index = *index_of.entry(key).or_insert(group.keys.len());
                if index == group.keys.len() {
                    group.keys.push(Key {
                        key,
                        first: group.asked.len(),
                    });
                }
                group.asked.push(Asked { request, key: index });
            }
        }
        group
    }

    /// The first request of each key, in the order of the keys.
    pub(super) fn requests(&self) -> impl Iterator<Item = &AllocationRequest> {
        let asked = self.keys.iter().filter_map(|key| self.asked.get(key.first));
        asked.map(|asked| &asked.request)
    }

    /// All or nothing, and two of the requests contradict each other: then nothing.
    pub(super) fn contradicts_itself(&self) -> bool {
        let contradicts = |asked: &Asked| {
            self.first_with(asked.key)
                .is_some_and(|first| !is_same(first, &asked.request))
        };
        self.shortage == Shortage::Reject && self.asked.iter().any(contradicts)
    }

    fn first_with(&self, key: usize) -> Option<&AllocationRequest> {
        let first = self.keys.get(key)?.first;
        self.asked.get(first).map(|asked| &asked.request)
    }

    /// The messages as they came.
    pub(super) fn into_messages(self) -> Vec<Waiting> {
        let mut requests = self.asked.into_iter().map(|asked| asked.request);
        let message = |asker: Asker| Waiting {
            requests: requests.by_ref().take(asker.requests).collect(),
            shortage: self.shortage,
            since: None,
            span: asker.span,
            answer: asker.answer,
        };
        self.askers.into_iter().map(message).collect()
    }

    /// How many ask, whoever they are.
    pub(super) fn recipients(&self) -> usize {
        self.asked.len()
    }

    /// Tells everybody what was found out about their keys, in the order of these.
    pub(super) fn answer(self, answers: &[KeyAnswer]) {
        let outcomes: Option<Vec<AllocationOutcome>> = self
            .asked
            .iter()
            .enumerate()
            .map(|(index, asked)| {
                let answer = answers.get(asked.key)?;
                let first = self.keys.get(asked.key)?.first;
                let is_own = index == first || is_same(&self.asked.get(first)?.request, &asked.request);
                Some(outcome(answer, &asked.request, index == first, is_own))
            })
            .collect();
        match outcomes {
            Some(outcomes) => self.tell(outcomes),
            None => self.fail(Error::Fault("allocate left a key without an answer".to_owned())),
        }
    }

    /// The same for all.
    pub(super) fn answer_all(self, outcome: &AllocationOutcome) {
        let outcomes = vec![outcome.clone(); self.asked.len()];
        self.tell(outcomes);
    }

    fn tell(self, outcomes: Vec<AllocationOutcome>) {
        count_outcomes(&outcomes);
        let mut outcomes = outcomes.into_iter();
        for asker in self.askers {
            // Nobody is waiting where the client has hung up; its code is kept for its retry.
            _ = asker
                .answer
                .send(Ok(outcomes.by_ref().take(asker.requests).collect()));
        }
    }

    pub(super) fn fail(self, error: Error) {
        let error = Arc::new(error);
        for asker in self.askers {
            _ = asker
                .answer
                .send(Err(AllocationsUnavailable::Storage(error.clone())));
        }
    }
}
