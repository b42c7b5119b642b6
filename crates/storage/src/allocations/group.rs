//! One list's part of a call: what was asked, and what each asker hears.

use std::{collections::HashMap, sync::Arc};

use domain::RequestKey;
use tokio::sync::oneshot;

use super::{
    AllocationOutcome, AllocationRequest, AllocationsUnavailable, Shortage, Waiting,
    call::{Fresh, Known},
};
use crate::{Error, ListRef, Result};

/// Messages of one list that go together.
pub(super) struct Group {
    pub(super) list: Arc<ListRef>,
    pub(super) shortage: Shortage,
    /// Those that differ. A key met twice: the first gets the code, the others are its repeats.
    pub(super) keys: Vec<RequestKey>,
    /// For each key, which of the requests was the first to name it.
    first: Vec<usize>,
    /// For each request, the place of its key.
    places: Vec<usize>,
    requests: Vec<AllocationRequest>,
    /// Who waits, and for how many of the requests.
    askers: Vec<(usize, Answer)>,
}

/// Where a handler waits.
pub(super) type Answer = oneshot::Sender<Result<Vec<AllocationOutcome>, AllocationsUnavailable>>;

impl Group {
    /// Without those whose asker has gone already.
    pub(super) fn new(list: Arc<ListRef>, messages: Vec<Waiting>) -> Self {
        let messages: Vec<Waiting> = (messages.into_iter())
            .filter(|waiting| !waiting.answer.is_closed())
            .collect();
        let shortage = messages
            .first()
            .map_or(Shortage::Partial, |waiting| waiting.shortage);
        let size = messages.iter().map(|waiting| waiting.requests.len()).sum();
        let mut place_of: HashMap<RequestKey, usize> = HashMap::with_capacity(size);
        let mut group = Self {
            list,
            shortage,
            keys: Vec::with_capacity(size),
            first: Vec::with_capacity(size),
            places: Vec::with_capacity(size),
            requests: Vec::with_capacity(size),
            askers: Vec::with_capacity(messages.len()),
        };
        for waiting in messages {
            group.askers.push((waiting.requests.len(), waiting.answer));
            for request in waiting.requests {
                let key = request.key(&group.list);
                let place = *place_of.entry(key).or_insert(group.keys.len());
                if place == group.keys.len() {
                    group.keys.push(key);
                    group.first.push(group.requests.len());
                }
                group.places.push(place);
                group.requests.push(request);
            }
        }
        group
    }

    /// The first request of each key, in the order of the keys.
    pub(super) fn requests(&self) -> impl Iterator<Item = &AllocationRequest> {
        self.first.iter().filter_map(|first| self.requests.get(*first))
    }

    /// All or nothing, and two of the requests contradict each other: then nothing.
    pub(super) fn contradicts_itself(&self) -> bool {
        let firsts: Vec<&AllocationRequest> = self.requests().collect();
        let contradicts = |(place, request): (&usize, &AllocationRequest)| {
            firsts.get(*place).is_some_and(|first| !is_same(first, request))
        };
        self.shortage == Shortage::Reject && self.places.iter().zip(&self.requests).any(contradicts)
    }

    /// The messages as they came.
    pub(super) fn into_messages(self) -> Vec<Waiting> {
        let mut requests = self.requests.into_iter();
        let message = |(size, answer)| Waiting {
            requests: requests.by_ref().take(size).collect(),
            shortage: self.shortage,
            answer,
        };
        self.askers.into_iter().map(message).collect()
    }

    /// Tells everybody what was found out about their keys.
    pub(super) fn answer(self, known: &[Known]) {
        let mut seen = vec![false; self.keys.len()];
        let outcome = |(place, request): (&usize, &AllocationRequest)| {
            let first = seen
                .get_mut(*place)
                .is_some_and(|seen| !std::mem::replace(seen, true));
            let asked_by = self.first.get(*place).and_then(|first| self.requests.get(*first));
            known
                .get(*place)
                .map(|known| told(known, request, asked_by, first))
        };
        let outcomes: Option<Vec<_>> = self.places.iter().zip(&self.requests).map(outcome).collect();
        match outcomes {
            Some(outcomes) => self.tell(outcomes),
            None => self.fail(Error::Fault("allocate left a key without an answer".to_owned())),
        }
    }

    /// The same for all.
    pub(super) fn answer_all(self, outcome: &AllocationOutcome) {
        let outcomes = vec![outcome.clone(); self.requests.len()];
        self.tell(outcomes);
    }

    fn tell(self, outcomes: Vec<AllocationOutcome>) {
        let mut outcomes = outcomes.into_iter();
        for (size, answer) in self.askers {
            // Nobody is waiting where the client has hung up; its code is kept for its retry.
            _ = answer.send(Ok(outcomes.by_ref().take(size).collect()));
        }
    }

    pub(super) fn fail(self, error: Error) {
        let error = Arc::new(error);
        for (_, answer) in self.askers {
            _ = answer.send(Err(AllocationsUnavailable::Storage(error.clone())));
        }
    }
}

/// What the caller hears of its key.
fn told(
    known: &Known,
    request: &AllocationRequest,
    asked_by: Option<&AllocationRequest>,
    first: bool,
) -> AllocationOutcome {
    match known {
        Known::Fresh(Fresh::Inactive) => AllocationOutcome::ListNotActive,
        Known::Fresh(Fresh::Exhausted) => AllocationOutcome::Exhausted,
        Known::Fresh(Fresh::New(allocation)) if first => AllocationOutcome::New(allocation.clone()),
        Known::Fresh(Fresh::New(allocation)) => {
            let same = asked_by.is_some_and(|first| is_same(first, request));
            if same {
                AllocationOutcome::Repeat(allocation.clone())
            } else {
                AllocationOutcome::Conflict
            }
        }
        Known::Before {
            user_id,
            campaign_id: campaign,
            released,
            allocation,
        } => {
            let same = user_id.as_deref() == Some(request.user_id.as_str())
                && campaign.as_deref() == campaign_id(request);
            match (same, released) {
                (false, _) => AllocationOutcome::Conflict,
                (true, true) => AllocationOutcome::Released,
                (true, false) => AllocationOutcome::Repeat(allocation.clone()),
            }
        }
    }
}

/// Whether two requests with one key ask for the same.
fn is_same(one: &AllocationRequest, other: &AllocationRequest) -> bool {
    one.user_id == other.user_id && campaign_id(one) == campaign_id(other)
}

fn campaign_id(request: &AllocationRequest) -> Option<&str> {
    request.campaign.as_ref().map(|campaign| campaign.id.as_str())
}
