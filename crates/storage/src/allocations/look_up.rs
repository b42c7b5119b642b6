//! What the ledger has for keys already.

use domain::{AllocationStatus, Position, RequestKey};
use tokio::time::Instant;
use uuid::Uuid;

use super::{Allocation, Shared, answer::KeyAnswer, statement::unreadable};
use crate::{ListRef, Result};

/// What the ledger has for each key, in their order.
pub(super) async fn look_up(
    shared: &Shared,
    list: &ListRef,
    keys: &[RequestKey],
    deadline: Instant,
) -> Result<Vec<Option<KeyAnswer>>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = keys.iter().map(|key| Uuid::from_bytes(*key.as_bytes())).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"select n as "n!", released as "released!", file_id, ordinal, turn, code, allocated_at, held_until, user_id,
                  campaign_id, redeemed as "redeemed!"
           from known_allocations($1, $2)"#,
        list.list_id,
        &ids,
    )
    .fetch_all(shared.pool.until(deadline))
    .await?;
    in_order(rows, keys.len())
}

/// The index of what an array that counts from 1 calls `n`.
pub(super) fn index(n: i32) -> Option<usize> {
    usize::try_from(n).ok()?.checked_sub(1)
}

struct Row {
    n: i32,
    released: bool,
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
    fn read(self) -> Result<KeyAnswer> {
        let (user_id, campaign_id, released) =
            (self.user_id.clone(), self.campaign_id.clone(), self.released);
        self.allocation().map(|allocation| KeyAnswer::Known {
            user_id,
            campaign_id,
            released,
            allocation,
        })
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

fn in_order(rows: Vec<Row>, keys: usize) -> Result<Vec<Option<KeyAnswer>>> {
    let mut answers: Vec<Option<KeyAnswer>> = std::iter::repeat_with(|| None).take(keys).collect();
    for row in rows {
        let answer = index(row.n)
            .and_then(|index| answers.get_mut(index))
            .ok_or_else(|| unreadable("a key's index"))?;
        *answer = Some(row.read()?);
    }
    Ok(answers)
}
