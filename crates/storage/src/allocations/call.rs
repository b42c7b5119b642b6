//! The calls to the database's functions: arrays in, rows out.

use domain::{AllocationStatus, Campaign, FreeText, Position, RequestKey};
use uuid::Uuid;

use super::{Allocation, AllocationRequest, Shared, Shortage};
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

/// A code for each key that has none yet; an answer for each key, in their order.
pub(super) async fn allocate(
    shared: &Shared,
    list: &ListRef,
    keys: &[RequestKey],
    requests: &[&AllocationRequest],
    shortage: Shortage,
) -> Result<Vec<Known>> {
    let users: Vec<&str> = requests.iter().map(|request| request.user_id.as_str()).collect();
    let request_ids: Vec<Option<&str>> = requests
        .iter()
        .map(|request| request.request_id.as_ref().map(domain::ExternalId::as_str))
        .collect();
    let campaigns: Vec<Option<Uuid>> = requests
        .iter()
        .map(|request| request.campaign.as_ref().map(|campaign| campaign_key(campaign)))
        .collect();
    let holds: Option<Vec<Option<i32>>> = requests
        .iter()
        .any(|request| request.hold_seconds.is_some())
        .then(|| requests.iter().map(|request| request.hold_seconds).collect());
    let rows = sqlx::query_as!(
        Row,
        r#"select n as "n!", outcome as "outcome!", file_id, ordinal, turn, code, allocated_at, held_until, user_id,
                  campaign_id, redeemed as "redeemed!"
           from allocate($1, $2, $3, $4, $5, $6, $7)"#,
        list.list_id,
        &uuids(keys),
        &users as _,
        &request_ids as _,
        &campaigns as _,
        holds as _,
        shortage == Shortage::Reject,
    )
    .fetch_all(&shared.pool)
    .await?;
    in_order(rows, keys.len())?
        .into_iter()
        .collect::<Option<_>>()
        .ok_or_else(|| unreadable("a key's answer"))
}

/// What the ledger has for each key, in their order.
pub(super) async fn look_up(
    shared: &Shared,
    list: &ListRef,
    keys: &[RequestKey],
) -> Result<Vec<Option<Known>>> {
    let rows = sqlx::query_as!(
        Row,
        r#"select n as "n!", outcome as "outcome!", file_id, ordinal, turn, code, allocated_at, held_until, user_id,
                  campaign_id, redeemed as "redeemed!"
           from known_allocations($1, $2, clock_timestamp())"#,
        list.list_id,
        &uuids(keys),
    )
    .fetch_all(&shared.pool)
    .await?;
    in_order(rows, keys.len())
}

/// Makes sure that the campaigns the ledger will point at are there.
pub(super) async fn add_campaigns(
    shared: &Shared,
    list: &ListRef,
    requests: &[&AllocationRequest],
) -> Result<()> {
    let mut last = None;
    for campaign in requests.iter().filter_map(|request| request.campaign.as_deref()) {
        let key = campaign.key();
        // A batch names one campaign for all its recipients.
        if last == Some(key) || shared.campaigns.contains_key(&(list.list_id, key)) {
            continue;
        }
        last = Some(key);
        sqlx::query!(
            "insert into campaign (list_id, campaign_key, id, name, channel, delivery_type, sent_at, locale, variation)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing",
            list.list_id,
            Uuid::from_bytes(*key.as_bytes()),
            campaign.id.as_str(),
            campaign.name.as_ref().map(FreeText::as_str),
            campaign.channel.as_ref().map(FreeText::as_str),
            campaign.delivery_type.as_ref().map(FreeText::as_str),
            campaign.sent_at.map(jiff_sqlx::ToSqlx::to_sqlx) as _,
            campaign.locale.as_ref().map(FreeText::as_str),
            campaign.variation.as_ref().map(FreeText::as_str),
        )
        .execute(&shared.pool)
        .await?;
        shared.campaigns.insert((list.list_id, key), ()).await;
    }
    Ok(())
}

fn uuids(keys: &[RequestKey]) -> Vec<Uuid> {
    keys.iter().map(|key| Uuid::from_bytes(*key.as_bytes())).collect()
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
            "inactive" => Ok(Known::Fresh(Fresh::Inactive)),
            "exhausted" => Ok(Known::Fresh(Fresh::Exhausted)),
            "new" => self
                .allocation()
                .map(|allocation| Known::Fresh(Fresh::New(allocation))),
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
        let place = usize::try_from(row.n).ok().and_then(|n| n.checked_sub(1));
        let answer = place
            .and_then(|place| answers.get_mut(place))
            .ok_or_else(|| unreadable("a key's place"))?;
        *answer = Some(row.read()?);
    }
    Ok(answers)
}

fn unreadable(what: &str) -> Error {
    Error::Fault(format!("allocate: {what} cannot be read"))
}
