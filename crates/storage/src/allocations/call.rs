//! The calls to the database's functions: arrays in, rows out.

use std::collections::BTreeMap;

use domain::{AllocationStatus, Campaign, FreeText, Position, RequestKey};
use jiff::{SignedDuration, Timestamp};
use sqlx::error::DatabaseError;
use tokio::time::Instant;
use uuid::Uuid;

use super::{Allocation, AllocationRequest, Shared, Shortage, group::Group};
use crate::{Error, ListRef, Result};

/// What the database answers about one key.
pub(super) enum Known {
    Fresh(Fresh),
    /// The ledger had it before this call.
    Before {
        user_id: Option<String>,
        campaign_id: Option<String>,
        released: bool,
        allocation: Allocation,
    },
}

/// What a key that had no code got.
pub(super) enum Fresh {
    New(Allocation),
    Inactive,
    Exhausted,
}

/// What one list's part of a call came to.
pub(super) enum Part {
    /// An answer for each key, in their order.
    Served(Vec<Known>),
    /// Somebody else has the gate.
    Busy,
}

/// Whether a call waits for the gate. It may for one list only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    Wait,
    Skip,
}

/// How often a call is repeated because another one inserted one of its keys meanwhile. Each time that key is known
/// afterwards, so more than one repetition takes another key's race.
const REPETITIONS: u32 = 20;

/// Why a call did not come to an end.
pub(super) enum Failure {
    /// The database refused it, so nothing was taken.
    Refused(Error),
    /// There was no connection to make it on.
    NotMade(Error),
    /// The answer never came, or not all of it: nobody knows.
    Lost(Error),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            // A session that is ended from outside may have committed before.
            sqlx::Error::Database(refusal) if !refusal.code().is_some_and(|code| code.starts_with("57P")) => {
                Self::Refused(error.into())
            }
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => Self::NotMade(error.into()),
            _ => Self::Lost(error.into()),
        }
    }
}

/// A code for each key that has none yet, for each list.
pub(super) async fn allocate(
    shared: &Shared,
    groups: &[Group],
    gate: Gate,
    deadline: Instant,
) -> Result<Vec<Part>, Failure> {
    add_campaigns(shared, groups, deadline)
        .await
        .map_err(|error| match error.into() {
            // No code has been asked for yet.
            Failure::Lost(error) => Failure::NotMade(error),
            failure => failure,
        })?;
    let mut repetitions = 0;
    let taken = loop {
        match take(shared, groups, gate, deadline).await {
            Ok(taken) => break taken,
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
    // What it took is committed: whatever happens now, it is not "refused".
    taken.parts(shared, groups, deadline).await.map_err(Failure::Lost)
}

/// A key was inserted after it was looked up: then its index was violated, or the function said so, which names none.
fn has_come_meanwhile(refusal: &dyn DatabaseError) -> bool {
    let index = refusal.constraint();
    refusal.is_unique_violation() && index.is_none_or(|index| index.ends_with("_request_key"))
}

async fn take(shared: &Shared, groups: &[Group], gate: Gate, deadline: Instant) -> sqlx::Result<Taken> {
    let lists: Vec<i64> = groups.iter().map(|group| group.list.list_id).collect();
    let mut sizes = Vec::with_capacity(groups.len());
    let mut keys = Vec::new();
    for group in groups {
        // A group is far smaller than that.
        sizes.push(i32::try_from(group.keys.len()).unwrap_or(i32::MAX));
        keys.extend(uuids(&group.keys));
    }
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
    sqlx::query_as!(
        Taken,
        r#"select states as "states!", served as "served!", known, codes as "codes!", files as "files!",
                  ordinals as "ordinals!", turns as "turns!", allocated_at as "allocated_at!"
           from allocate($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"#,
        &lists,
        &sizes,
        &keys,
        &users as _,
        request_ids as _,
        campaigns as _,
        holds as _,
        groups.iter().any(|group| group.shortage == Shortage::Reject),
        gate == Gate::Wait,
        sent_at as _,
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

/// The answer of `allocate`.
struct Taken {
    states: Vec<String>,
    served: Vec<i32>,
    known: Option<Vec<i32>>,
    codes: Vec<String>,
    files: Vec<i64>,
    ordinals: Vec<i64>,
    turns: Vec<i32>,
    allocated_at: jiff_sqlx::Timestamp,
}

impl Taken {
    /// Codes for the keys that had none, in their order; what the others have is asked for.
    async fn parts(self, shared: &Shared, groups: &[Group], deadline: Instant) -> Result<Vec<Part>> {
        let allocated_at = Timestamp::from(self.allocated_at);
        let mut known: Vec<usize> = self.known.iter().flatten().filter_map(|n| place(*n)).collect();
        known.sort_unstable();
        let positions = self.files.into_iter().zip(self.ordinals).zip(self.turns);
        let mut codes = self.codes.into_iter().zip(positions);
        let mut lists = self.states.into_iter().zip(self.served);
        let mut parts = Vec::with_capacity(groups.len());
        let mut before = 0;
        for group in groups {
            let (state, served) = lists.next().ok_or_else(|| unreadable("a list"))?;
            let is_known = |place: usize| known.binary_search(&(before + place)).is_ok();
            let known_keys: Vec<RequestKey> = (group.keys.iter().enumerate())
                .filter(|(place, _)| is_known(*place))
                .map(|(_, key)| *key)
                .collect();
            let part = if state == "busy" {
                Part::Busy
            } else {
                let mut known_before = look_up(shared, &group.list, &known_keys, deadline)
                    .await?
                    .into_iter();
                let mut served = codes.by_ref().take(usize::try_from(served).unwrap_or_default());
                let answer = |(place, request): (usize, &AllocationRequest)| {
                    if is_known(place) {
                        return known_before.next().flatten();
                    }
                    Some(Known::Fresh(match (served.next(), state.as_str()) {
                        (Some((code, ((file_id, ordinal), turn))), _) => {
                            let position = Position {
                                file_id,
                                ordinal,
                                turn,
                            };
                            Fresh::New(fresh(position, code, allocated_at, request.hold_seconds))
                        }
                        (None, "active") => Fresh::Exhausted,
                        (None, "inactive") => Fresh::Inactive,
                        (None, _) => return None,
                    }))
                };
                let answers: Option<Vec<Known>> = group.requests().enumerate().map(answer).collect();
                Part::Served(answers.ok_or_else(|| unreadable("a key's answer"))?)
            };
            parts.push(part);
            before += group.keys.len();
        }
        Ok(parts)
    }
}

fn fresh(position: Position, code: String, allocated_at: Timestamp, hold_seconds: Option<i32>) -> Allocation {
    let held_until = hold_seconds.map(|seconds| allocated_at + SignedDuration::from_secs(seconds.into()));
    Allocation {
        position,
        code,
        status: if held_until.is_some() {
            AllocationStatus::Held
        } else {
            AllocationStatus::Allocated
        },
        allocated_at,
        held_until,
    }
}

/// Of an array that is counted from 1.
fn place(n: i32) -> Option<usize> {
    usize::try_from(n).ok()?.checked_sub(1)
}

/// What the ledger has for each key, in their order.
pub(super) async fn look_up(
    shared: &Shared,
    list: &ListRef,
    keys: &[RequestKey],
    deadline: Instant,
) -> Result<Vec<Option<Known>>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query_as!(
        Row,
        r#"select n as "n!", outcome as "outcome!", file_id, ordinal, turn, code, allocated_at, held_until, user_id,
                  campaign_id, redeemed as "redeemed!"
           from known_allocations($1, $2, clock_timestamp())"#,
        list.list_id,
        &uuids(keys).collect::<Vec<_>>(),
    )
    .fetch_all(shared.pool.until(deadline))
    .await?;
    in_order(rows, keys.len())
}

/// Makes sure that the campaigns the ledger will point at are there.
async fn add_campaigns(shared: &Shared, groups: &[Group], deadline: Instant) -> sqlx::Result<()> {
    // In order, so that two calls that insert the same ones do not wait for each other in a circle.
    let mut unknown: BTreeMap<(i64, Uuid), &Campaign> = BTreeMap::new();
    for group in groups {
        let mut last = None;
        for campaign in group.requests().filter_map(|request| request.campaign.as_deref()) {
            let key = campaign.key();
            // A batch names one campaign for all its recipients.
            if last != Some(key) && !shared.campaigns.contains_key(&(group.list.list_id, key)) {
                unknown.insert((group.list.list_id, campaign_key(campaign)), campaign);
            }
            last = Some(key);
        }
    }
    if unknown.is_empty() {
        return Ok(());
    }
    let (lists, keys): (Vec<i64>, Vec<Uuid>) = unknown.keys().copied().unzip();
    let campaigns = || unknown.values();
    let texts = |of: fn(&Campaign) -> Option<&FreeText>| -> Vec<Option<&str>> {
        campaigns()
            .map(|campaign| of(campaign).map(FreeText::as_str))
            .collect()
    };
    let ids: Vec<&str> = campaigns().map(|campaign| campaign.id.as_str()).collect();
    sqlx::query!(
        "insert into campaign (list_id, campaign_key, id, name, channel, delivery_type, locale, variation)
         select * from unnest($1::bigint[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                              $8::text[])
         on conflict do nothing",
        &lists,
        &keys,
        &ids as _,
        &texts(|campaign| campaign.name.as_ref()) as _,
        &texts(|campaign| campaign.channel.as_ref()) as _,
        &texts(|campaign| campaign.delivery_type.as_ref()) as _,
        &texts(|campaign| campaign.locale.as_ref()) as _,
        &texts(|campaign| campaign.variation.as_ref()) as _,
    )
    .execute(shared.pool.until(deadline))
    .await?;
    for ((list_id, _), campaign) in unknown {
        shared.campaigns.insert((list_id, campaign.key()), ()).await;
    }
    Ok(())
}

fn uuids(keys: &[RequestKey]) -> impl Iterator<Item = Uuid> {
    keys.iter().map(|key| Uuid::from_bytes(*key.as_bytes()))
}

fn campaign_key(campaign: &Campaign) -> Uuid {
    Uuid::from_bytes(*campaign.key().as_bytes())
}

struct Row {
    n: i32,
    outcome: String,
    file_id: Option<i64>,
    ordinal: Option<i64>,
    turn: Option<i32>,
    code: Option<String>,
    allocated_at: Option<jiff_sqlx::Timestamp>,
    held_until: Option<jiff_sqlx::Timestamp>,
    user_id: Option<String>,
    campaign_id: Option<String>,
    redeemed: bool,
}

impl Row {
    fn read(self) -> Result<Known> {
        match self.outcome.as_str() {
            outcome @ ("repeat" | "released") => {
                let released = outcome == "released";
                let (user_id, campaign_id) = (self.user_id.clone(), self.campaign_id.clone());
                self.allocation().map(|allocation| Known::Before {
                    user_id,
                    campaign_id,
                    released,
                    allocation,
                })
            }
            _ => Err(unreadable("an outcome")),
        }
    }

    fn allocation(self) -> Result<Allocation> {
        let (Some(file_id), Some(ordinal), Some(turn)) = (self.file_id, self.ordinal, self.turn) else {
            return Err(unreadable("a place"));
        };
        let (Some(code), Some(allocated_at)) = (self.code, self.allocated_at) else {
            return Err(unreadable("a code"));
        };
        let status = match (self.redeemed, self.held_until) {
            (true, _) => AllocationStatus::Redeemed,
            (false, Some(_)) => AllocationStatus::Held,
            (false, None) => AllocationStatus::Allocated,
        };
        Ok(Allocation {
            position: Position {
                file_id,
                ordinal,
                turn,
            },
            code,
            status,
            allocated_at: allocated_at.into(),
            held_until: self.held_until.map(Into::into),
        })
    }
}

fn in_order(rows: Vec<Row>, keys: usize) -> Result<Vec<Option<Known>>> {
    let mut answers: Vec<Option<Known>> = std::iter::repeat_with(|| None).take(keys).collect();
    for row in rows {
        let answer = place(row.n)
            .and_then(|place| answers.get_mut(place))
            .ok_or_else(|| unreadable("a key's place"))?;
        *answer = Some(row.read()?);
    }
    Ok(answers)
}

fn unreadable(what: &str) -> Error {
    Error::Fault(format!("allocate: {what} cannot be read"))
}
