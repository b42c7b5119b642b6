//! The call of the database's `allocate`: arrays in, arrays out.

use domain::{AllocationStatus, Position};
use jiff::{SignedDuration, Timestamp};
use sqlx::error::DatabaseError;
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    Allocation, AllocationRequest, Shared, Shortage,
    answer::KeyAnswer,
    campaigns::{add_campaigns, campaign_key},
    checked::{checked_server, note_last},
    group::Group,
    look_up::{index, look_up},
    schedule::CallKind,
};
use crate::{Error, Result};

/// How long a shared call waits for a gate, in milliseconds. Calls of several servers for the same lists wait for each
/// other, some milliseconds each; a gate that is taken for longer is somebody's at work, and its list is deferred.
const GATE_PATIENCE: i32 = 100;

/// How often a call is repeated because another one inserted one of its keys meanwhile. Each time that key is known
/// afterwards, so more than one repetition takes another key's race.
const REPETITIONS: u32 = 20;

/// What `allocate` says on a server that was not checked.
const UNCHECKED_SERVER: &str = "CP001";

/// What one list's part of a call came to.
pub(super) enum ListAnswer {
    /// An answer for each key, in their order.
    Served(Vec<KeyAnswer>),
    /// Somebody else has locked the gate.
    Locked,
}

/// Why a call did not come to an end.
pub(super) enum Failure {
    /// The database refused it, so nothing was taken.
    Refused(Error),
    /// There was no connection to make it on.
    NotMade(Error),
    /// The database may lack allocations that were answered, so it was not made.
    Paused,
    /// The answer never came, or not all of it: nobody knows.
    Lost(Error),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(refusal) if !ends_the_session(&**refusal) => Self::Refused(error.into()),
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => Self::NotMade(error.into()),
            _ => Self::Lost(error.into()),
        }
    }
}

/// A session that is ended from outside may have committed before; so may one whose pooler has lost the server, and a call that
/// was made on another machine (Citus), from which nothing came back.
fn ends_the_session(refusal: &dyn DatabaseError) -> bool {
    let code = refusal.code().unwrap_or_default();
    code.starts_with("57P") || code.starts_with("08")
}

/// A code for each key that has none yet, for each list.
pub(super) async fn allocate(
    shared: &Shared,
    groups: &[Group],
    kind: CallKind,
    deadline: Instant,
) -> Result<Vec<ListAnswer>, Failure> {
    add_campaigns(shared, groups, deadline)
        .await
        .map_err(|error| match error.into() {
            // No code has been asked for yet.
            Failure::Lost(error) => Failure::NotMade(error),
            failure => failure,
        })?;
    let mut repetitions = 0;
    let mut patience = match kind {
        CallKind::SingleList => None,
        CallKind::Shared => Some(GATE_PATIENCE),
    };
    let allocated = loop {
        let server = checked_server(shared, deadline).await?;
        match ask(shared, groups, patience, server, deadline).await {
            Ok(allocated) => break allocated,
            // Nothing was taken. The next server may be another one again.
            Err(sqlx::Error::Database(refusal)) if refusal.code().as_deref() == Some(UNCHECKED_SERVER) => {
                let looked = shared.lineage.look(&shared.pool, deadline).await;
                looked.map_err(Failure::NotMade)?;
            }
            // Nothing was taken. The lists whose gates are free are served at once.
            Err(sqlx::Error::Database(refusal))
                if patience.is_some() && refusal.code().as_deref() == Some("55P03") =>
            {
                patience = Some(0);
            }
            Err(sqlx::Error::Database(refusal)) if has_come_meanwhile(&*refusal) => {
                repetitions += 1;
                if repetitions > REPETITIONS || Instant::now() >= deadline {
                    let why = "keys keep coming by other servers".to_owned();
                    return Err(Failure::Refused(Error::Unavailable(why)));
                }
            }
            Err(error) => return Err(error.into()),
        }
    };
    note_last(shared, groups, &allocated);
    // What it took is committed: whatever happens now, it is not "refused".
    answers(allocated, shared, groups, deadline)
        .await
        .map_err(Failure::Lost)
}

/// A key was inserted after it was looked up: then its index was violated, or the function said so, which names none.
fn has_come_meanwhile(refusal: &dyn DatabaseError) -> bool {
    let index = refusal.constraint();
    refusal.is_unique_violation() && index.is_none_or(|index| index.contains("_request_key"))
}

/// How a list stood when a call came to it. Public for the test that holds it against the database's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "allocate_state", rename_all = "kebab-case")]
pub enum AllocateState {
    Active,
    /// Archived or expired.
    Inactive,
    /// Its gate was taken.
    Busy,
    /// Every key of it was known.
    Known,
}

/// The answer of the function: for each list its state and how many codes it gave; for all lists, one after the other,
/// the codes and where they are; which keys, counted from 1 over all lists, were known.
pub(super) struct AllocateRow {
    states: Vec<AllocateState>,
    pub(super) served: Vec<i32>,
    known: Option<Vec<i32>>,
    codes: Vec<String>,
    pub(super) files: Vec<i64>,
    pub(super) ordinals: Vec<i64>,
    pub(super) turns: Vec<i32>,
    pub(super) allocated_at: jiff_sqlx::Timestamp,
}

async fn ask(
    shared: &Shared,
    groups: &[Group],
    patience: Option<i32>,
    server_started_at: Option<Timestamp>,
    deadline: Instant,
) -> sqlx::Result<AllocateRow> {
    let lists: Vec<i64> = groups.iter().map(|group| group.list.list_id).collect();
    // A group is far smaller than that.
    let sizes = groups
        .iter()
        .map(|group| i32::try_from(group.keys.len()).unwrap_or(i32::MAX));
    let sizes: Vec<i32> = sizes.collect();
    let keys = groups.iter().flat_map(|group| &group.keys);
    let keys: Vec<Uuid> = keys.map(|key| Uuid::from_bytes(*key.key.as_bytes())).collect();
    let requests: Vec<&AllocationRequest> = groups.iter().flat_map(Group::requests).collect();
    let users: Vec<&str> = requests.iter().map(|request| request.user_id.as_str()).collect();
    let request_ids = where_any(&requests, |request| {
        request.request_id.as_ref().map(domain::ExternalId::as_str)
    });
    let campaigns = where_any(&requests, |request| request.campaign.as_deref().map(campaign_key));
    let holds = where_any(&requests, |request| request.hold_seconds);
    let sent_at = where_any(&requests, |request| {
        let campaign = request.campaign.as_deref()?;
        campaign.sent_at.map(jiff_sqlx::ToSqlx::to_sqlx)
    });
    // The states as text, whose type is known: another type is asked for twice on each new connection.
    sqlx::query_as!(
        AllocateRow,
        r#"select states::text[] as "states!: Vec<AllocateState>", served as "served!", known, codes as "codes!",
                  files as "files!", ordinals as "ordinals!", turns as "turns!", allocated_at as "allocated_at!"
           from allocate($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"#,
        lists.first(),
        &lists,
        &sizes,
        &keys,
        &users as _,
        request_ids as _,
        campaigns as _,
        holds as _,
        groups.iter().any(|group| group.shortage == Shortage::Reject),
        patience,
        sent_at as _,
        server_started_at.map(jiff_sqlx::ToSqlx::to_sqlx) as _,
    )
    .fetch_one(shared.pool.until(deadline))
    .await
}

/// `None` for all if there is none: then nothing is sent.
fn where_any<'a, T>(
    requests: &[&'a AllocationRequest],
    of: impl Fn(&'a AllocationRequest) -> Option<T>,
) -> Option<Vec<Option<T>>> {
    let values: Vec<Option<T>> = requests.iter().map(|request| of(request)).collect();
    values.iter().any(Option::is_some).then_some(values)
}

/// Codes for the keys that had none, in their order; what the others have is looked up.
async fn answers(
    row: AllocateRow,
    shared: &Shared,
    groups: &[Group],
    deadline: Instant,
) -> Result<Vec<ListAnswer>> {
    let allocated_at = Timestamp::from(row.allocated_at);
    let mut known: Vec<usize> = row.known.iter().flatten().filter_map(|n| index(*n)).collect();
    known.sort_unstable();
    let positions = row.files.into_iter().zip(row.ordinals).zip(row.turns);
    let positions = positions.map(|((file_id, ordinal), turn)| Position {
        file_id,
        ordinal,
        turn,
    });
    let mut codes = row.codes.into_iter().zip(positions);
    let mut lists = row.states.into_iter().zip(row.served);
    let mut answers = Vec::with_capacity(groups.len());
    let mut keys_before = 0;
    for group in groups {
        let (state, served) = lists.next().ok_or_else(|| unreadable("a list"))?;
        let is_known = |index: usize| known.binary_search(&(keys_before + index)).is_ok();
        if state == AllocateState::Busy {
            answers.push(ListAnswer::Locked);
        } else {
            let known_keys = group
                .keys
                .iter()
                .enumerate()
                .filter(|(index, _)| is_known(*index));
            let known_keys: Vec<_> = known_keys.map(|(_, key)| key.key).collect();
            let known_answers = look_up(shared, &group.list, &known_keys, deadline).await?;
            let mut known_answers = known_answers.into_iter();
            let mut served = codes.by_ref().take(usize::try_from(served).unwrap_or_default());
            let answer = |(index, request): (usize, &AllocationRequest)| {
                if is_known(index) {
                    return known_answers.next().flatten();
                }
                match (served.next(), state) {
                    (Some((code, position)), _) => {
                        let allocation = allocated(position, code, allocated_at, request.hold_seconds);
                        Some(KeyAnswer::Allocated(allocation))
                    }
                    (None, AllocateState::Active) => Some(KeyAnswer::Exhausted),
                    (None, AllocateState::Inactive) => Some(KeyAnswer::Inactive),
                    (None, AllocateState::Busy | AllocateState::Known) => None,
                }
            };
            let of_keys: Option<Vec<KeyAnswer>> = group.requests().enumerate().map(answer).collect();
            answers.push(ListAnswer::Served(
                of_keys.ok_or_else(|| unreadable("a key's answer"))?,
            ));
        }
        keys_before += group.keys.len();
    }
    Ok(answers)
}

fn allocated(
    position: Position,
    code: String,
    allocated_at: Timestamp,
    hold_seconds: Option<i32>,
) -> Allocation {
    let held_until = hold_seconds.map(|seconds| allocated_at + SignedDuration::from_secs(seconds.into()));
    Allocation {
        position,
        code,
        status: match held_until {
            Some(_) => AllocationStatus::Held,
            None => AllocationStatus::Allocated,
        },
        allocated_at,
        held_until,
    }
}

pub(super) fn unreadable(what: &str) -> Error {
    Error::Fault(format!("allocate: {what} cannot be read"))
}
