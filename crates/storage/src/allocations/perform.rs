//! One call, from its messages to their answers.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::time::Instant;
use tracing::warn;

use super::{
    AllocationOutcome, Shared, Waiting,
    answer::KeyAnswer,
    dispatch::CallGuard,
    group::Group,
    look_up::look_up,
    schedule::Deferred,
    statement::{self, Failure, ListAnswer},
};
use crate::{Error, ListRef, metrics};

/// How long a call may keep its place, whatever becomes of its statements: with all places taken nobody gets a code.
const CALL: Duration = Duration::from_secs(4);
/// How long a list is deferred whose gate was found locked, or that was in a call that was refused.
const DEFERRED: Duration = Duration::from_secs(1);
/// And how long if it was refused by itself: then it was the reason.
const DEFERRED_AT_FAULT: Duration = Duration::from_mins(1);

/// Makes the call and answers whoever waits, but for lists whose gate was locked: their messages are queued again.
pub(super) async fn call(
    shared: Arc<Shared>,
    lists: Vec<(Arc<ListRef>, Vec<Waiting>)>,
    mut guard: CallGuard,
) {
    let groups = lists
        .into_iter()
        .map(|(list, messages)| Group::new(list, messages))
        // Who gave up while the request waited is given nothing: it would keep a code from somebody who waits.
        .filter(|group| !group.keys.is_empty());
    let (contradictory, mut groups): (Vec<_>, Vec<_>) = groups.partition(Group::contradicts_itself);
    for group in contradictory {
        group.answer_all(&AllocationOutcome::Conflict);
    }
    if groups.is_empty() {
        return;
    }
    // The order in which every call waits for gates.
    groups.sort_unstable_by_key(|group| group.list.list_id);
    let begun = Instant::now();
    let kind = guard.kind.as_str();
    let keys = groups.iter().map(|group| group.keys.len()).sum();
    metrics::measure_call(kind, groups.len(), keys);
    let allocated = statement::allocate(&shared, &groups, guard.kind, begun + CALL).await;
    metrics::time_call(kind, outcome(&allocated), begun.elapsed());
    match allocated {
        Ok(answers) => answer(&shared, groups, answers, guard),
        // Nothing was taken. One list's fault must not be the others': each is asked for by itself.
        Err(Failure::Refused(error)) if groups.len() > 1 => {
            warn!(%error, "a call for several lists was refused");
            for group in groups {
                guard.defer(deferred(group, DEFERRED));
            }
        }
        Err(Failure::Refused(error)) => {
            for group in &groups {
                guard.defer(Deferred {
                    list_id: group.list.list_id,
                    messages: Vec::new(),
                    lasts: DEFERRED_AT_FAULT,
                });
            }
            drop(guard);
            fail(groups, &error);
        }
        Err(Failure::NotMade(error)) => {
            drop(guard);
            fail(groups, &error);
        }
        Err(Failure::Paused) => {
            drop(guard);
            join_all(groups.into_iter().map(|group| answer_known(&shared, group))).await;
        }
        Err(Failure::Lost(error)) => {
            drop(guard);
            join_all(
                groups
                    .into_iter()
                    .map(|group| answer_from_ledger(&shared, group, &error)),
            )
            .await;
        }
    }
}

const fn outcome(allocated: &Result<Vec<ListAnswer>, Failure>) -> &'static str {
    match allocated {
        Ok(_) => "answered",
        Err(Failure::Refused(_)) => "refused",
        Err(Failure::NotMade(_)) => "not_made",
        Err(Failure::Paused) => "paused",
        Err(Failure::Lost(_)) => "lost",
    }
}

fn answer(shared: &Shared, groups: Vec<Group>, answers: Vec<ListAnswer>, mut guard: CallGuard) {
    let mut served = Vec::with_capacity(groups.len());
    for (group, answer) in groups.into_iter().zip(answers) {
        match answer {
            ListAnswer::Served(keys) => served.push((group, keys)),
            ListAnswer::Locked => {
                metrics::count_locked_gate();
                guard.defer(deferred(group, DEFERRED));
            }
        }
    }
    // The next call need not wait for the answers of this one.
    drop(guard);
    for (group, keys) in served {
        let handed_out = keys
            .iter()
            .filter(|key| matches!(key, KeyAnswer::Allocated(_)))
            .count();
        shared.busiest.note(&group.list, group.recipients(), handed_out);
        group.answer(&keys);
    }
}

fn deferred(group: Group, lasts: Duration) -> Deferred<Waiting> {
    Deferred {
        list_id: group.list.list_id,
        messages: group.into_messages(),
        lasts,
    }
}

fn fail(groups: Vec<Group>, error: &Error) {
    warn!(%error, "allocation failed");
    for group in groups {
        group.fail(error.clone());
    }
}

/// Who has a code hears of it; nobody gets a new one.
async fn answer_known(shared: &Shared, group: Group) {
    let keys: Vec<_> = group.keys.iter().map(|key| key.key).collect();
    match look_up(shared, &group.list, &keys, Instant::now() + CALL).await {
        Ok(answers) => {
            let answers: Vec<KeyAnswer> = answers
                .into_iter()
                .map(|answer| answer.unwrap_or(KeyAnswer::Paused))
                .collect();
            group.answer(&answers);
        }
        Err(error) => fail(vec![group], &error),
    }
}

/// The answer never came, but the codes may have been handed out: the ledger knows. If it has nothing, nothing is known:
/// the call may still be waiting on the server.
async fn answer_from_ledger(shared: &Shared, group: Group, lost: &Error) {
    let deadline = Instant::now() + CALL;
    let keys: Vec<_> = group.keys.iter().map(|key| key.key).collect();
    if let Ok(answers) = look_up(shared, &group.list, &keys, deadline).await
        && let Some(answers) = answers.into_iter().collect::<Option<Vec<_>>>()
    {
        group.answer(&answers);
    } else {
        fail(vec![group], lost);
    }
}
