//! A list's task: gathers what waits, makes one call for it, hands out the answers.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
    time::Duration,
};

use domain::RequestKey;
use tokio::{sync::mpsc, time::timeout};
use tracing::{Instrument as _, debug_span, warn};

use super::{
    AllocationOutcome, AllocationRequest, AllocationsUnavailable, GROUP_KEYS, Shared, Shortage, Waiting,
    call::{self, Fresh, Known},
};
use crate::{Error, ListRef, Result};

/// A task without work ends after this long.
const IDLE: Duration = Duration::from_mins(1);

/// Serves one list until nobody has asked for it for a while.
pub(super) async fn serve(shared: Arc<Shared>, list: Arc<ListRef>, mut inbox: mpsc::Receiver<Waiting>) {
    // A message that did not go with the group before it.
    let mut left_over = None;
    loop {
        let first = match left_over.take() {
            Some(waiting) => waiting,
            None => match timeout(IDLE, inbox.recv()).await {
                Ok(Some(waiting)) => waiting,
                Ok(None) => return,
                Err(_) if retire(&shared, &list, &inbox) => return,
                Err(_) => continue,
            },
        };
        let group;
        (group, left_over) = gather(first, &mut inbox);
        let keys = group.iter().map(|waiting| waiting.requests.len()).sum::<usize>();
        answer(&shared, &list, group)
            .instrument(debug_span!("allocate group", keys))
            .await;
    }
}

/// Takes the list off the map, unless someone has just written to it. Senders hold the map's lock while they send.
fn retire(shared: &Shared, list: &ListRef, inbox: &mpsc::Receiver<Waiting>) -> bool {
    let mut lists = shared.lists.lock().unwrap_or_else(PoisonError::into_inner);
    let idle = inbox.is_empty();
    if idle {
        lists.remove(&list.list_id);
    }
    idle
}

/// What waits now, up to a group's size. All or nothing is a call of its own: it must not take others down with it.
fn gather(first: Waiting, inbox: &mut mpsc::Receiver<Waiting>) -> (Vec<Waiting>, Option<Waiting>) {
    if first.shortage == Shortage::Reject {
        return (vec![first], None);
    }
    let mut keys = first.requests.len();
    let mut group = vec![first];
    while let Ok(next) = inbox.try_recv() {
        if next.shortage == Shortage::Reject || keys + next.requests.len() > GROUP_KEYS {
            return (group, Some(next));
        }
        keys += next.requests.len();
        group.push(next);
    }
    (group, None)
}

async fn answer(shared: &Shared, list: &ListRef, group: Vec<Waiting>) {
    let outcomes = outcomes_of(shared, list, &group).await;
    match outcomes {
        Ok(mut outcomes) => {
            for waiting in group {
                let rest = outcomes.split_off(waiting.requests.len());
                // Nobody is waiting where the client has hung up; its code is kept for its retry.
                _ = waiting.answer.send(Ok(std::mem::replace(&mut outcomes, rest)));
            }
        }
        Err(error) => {
            warn!(%error, "allocation failed");
            let error = Arc::new(error);
            for waiting in group {
                _ = waiting
                    .answer
                    .send(Err(AllocationsUnavailable::Storage(error.clone())));
            }
        }
    }
}

/// An outcome for each request of the group, in order.
async fn outcomes_of(shared: &Shared, list: &ListRef, group: &[Waiting]) -> Result<Vec<AllocationOutcome>> {
    let requests: Vec<&AllocationRequest> = group.iter().flat_map(|waiting| &waiting.requests).collect();
    let shortage = group
        .first()
        .map_or(Shortage::Partial, |waiting| waiting.shortage);

    // A key met twice in a group: the first gets the code, the others are its repeats.
    let mut place_of: HashMap<RequestKey, usize> = HashMap::with_capacity(requests.len());
    let mut keys = Vec::with_capacity(requests.len());
    let mut distinct = Vec::with_capacity(requests.len());
    let mut places = Vec::with_capacity(requests.len());
    for request in requests.iter().copied() {
        let key = request.key(list);
        let place = *place_of.entry(key).or_insert(distinct.len());
        if place == distinct.len() {
            keys.push(key);
            distinct.push(request);
        }
        places.push(place);
    }

    // All or nothing, and two of them contradict each other: then nothing.
    let contradicts = |(place, request): (&usize, &&AllocationRequest)| {
        distinct.get(*place).is_some_and(|first| !is_same(first, request))
    };
    if shortage == Shortage::Reject && places.iter().zip(&requests).any(contradicts) {
        return Ok(vec![AllocationOutcome::Conflict; requests.len()]);
    }

    call::add_campaigns(shared, list, &distinct).await?;
    let known = match call::allocate(shared, list, &keys, &distinct, shortage).await {
        Ok(known) => known,
        // The answer never came, but the codes may have been handed out: the ledger knows.
        Err(lost @ Error::Unavailable(_)) => settle(shared, list, &keys, lost).await?,
        Err(fault) => return Err(fault),
    };

    let mut seen = vec![false; distinct.len()];
    let outcome = |(place, request): (usize, &AllocationRequest)| {
        let first = seen
            .get_mut(place)
            .is_some_and(|seen| !std::mem::replace(seen, true));
        let asked_by = distinct.get(place).copied();
        known
            .get(place)
            .map(|known| told(known, request, asked_by, first))
    };
    places
        .into_iter()
        .zip(requests.iter().copied())
        .map(outcome)
        .collect::<Option<_>>()
        .ok_or_else(missing)
}

/// Reads what became of a group whose answer was lost. If that is nothing, nothing is known: the call may still be
/// waiting on the server.
async fn settle(shared: &Shared, list: &ListRef, keys: &[RequestKey], lost: Error) -> Result<Vec<Known>> {
    let known = call::look_up(shared, list, keys).await?;
    known.into_iter().collect::<Option<Vec<_>>>().ok_or(lost)
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

fn missing() -> Error {
    Error::Fault("allocate left a key without an answer".to_owned())
}
