//! Who got what.

use domain::{AllocationStatus, ExternalId, Position, PublicId, RequestKey};
use sqlx::PgExecutor;
use uuid::Uuid;

use super::ledger_page::HandOutFilter;
use crate::{Allocation, Error, ListRef, Result, Storage, Workspace, allocations::settle::columns};

/// How many lists a person is erased from by one statement.
const LISTS_AT_ONCE: usize = 200;

/// A hand-out as the ledger has it.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub allocation: Allocation,
    /// `None` once the person has been erased.
    pub user_id: Option<String>,
    pub request_id: Option<String>,
    pub campaign_id: Option<String>,
}

impl Storage {
    /// The hand-out of the request with this id, if the filter takes it. One key, one code.
    pub async fn by_request(
        &self,
        list: &ListRef,
        request_id: &ExternalId,
        filter: &HandOutFilter,
    ) -> Result<Option<Recorded>> {
        // A request id alone makes the key, whoever the user is.
        let key = RequestKey::of(list.public_id, request_id, Some(request_id), None);
        let row = sqlx::query!(
            "select l.file_id, l.ordinal, l.turn, f.public_id as file
             from ledger l join coupon_file f using (list_id, file_id) where l.list_id = $1 and l.request_key = $2",
            list.list_id,
            Uuid::from_bytes(*key.as_bytes()),
        );
        let Some(row) = row.fetch_optional(self.pool.of(list.workspace_id)).await? else {
            return Ok(None);
        };
        let position = Position {
            file_id: row.file_id,
            ordinal: row.ordinal,
            turn: row.turn,
        };
        let found = self.recorded(list, &[position]).await?.pop().flatten();
        // The key of an erased person's request is still known, the request no longer.
        Ok(found.filter(|one| {
            one.request_id.as_deref() == Some(request_id.as_str())
                && filter
                    .file
                    .is_none_or(|file| file.as_bytes() == row.file.as_slice())
                && filter.takes(one)
        }))
    }

    /// How these hand-outs stand now, each at its index; `None` where there never was one.
    pub async fn recorded(&self, list: &ListRef, positions: &[Position]) -> Result<Vec<Option<Recorded>>> {
        recorded(self.pool.of(list.workspace_id), list, positions).await
    }

    /// Removes a person from every list of the workspace; answers how many hand-outs that were. Some lists at a time: if
    /// this ends early, the caller asks again, and nothing is erased twice.
    pub async fn erase_user(&self, workspace: &Workspace, user: &ExternalId) -> Result<i64> {
        let lists = sqlx::query!(
            "select list_id, public_id from coupon_list where workspace_id = $1 order by list_id",
            workspace.workspace_id
        );
        let lists = lists.fetch_all(self.pool.of(workspace.workspace_id)).await?;
        let mut erased = 0;
        for lists in lists.chunks(LISTS_AT_ONCE) {
            let ids: Vec<i64> = lists.iter().map(|list| list.list_id).collect();
            let keys = lists.iter().map(|list| {
                let list = PublicId::try_from(list.public_id.as_slice()).map_err(|_| unreadable("list"))?;
                Ok(keys_of(list, user))
            });
            let (first, last): (Vec<Uuid>, Vec<Uuid>) = keys.collect::<Result<_>>()?;
            let some = sqlx::query_scalar!(
                r#"select erase_user($1, $2, $3, $4, $5) as "erased!""#,
                workspace.workspace_id,
                user.as_str(),
                &ids,
                &first,
                &last,
            );
            erased += some.fetch_one(self.pool.of(workspace.workspace_id)).await?;
        }
        Ok(erased)
    }
}

/// The first and the last request key that a user's requests without an id can have.
pub(crate) fn keys_of(list: PublicId, user: &ExternalId) -> (Uuid, Uuid) {
    let range = RequestKey::range_of(list, user);
    (
        Uuid::from_bytes(*range.start().as_bytes()),
        Uuid::from_bytes(*range.end().as_bytes()),
    )
}

pub(super) async fn recorded(
    from: impl PgExecutor<'_>,
    list: &ListRef,
    positions: &[Position],
) -> Result<Vec<Option<Recorded>>> {
    if positions.is_empty() {
        return Ok(Vec::new());
    }
    let (files, ordinals, turns) = columns(positions);
    let rows = sqlx::query_as!(
        RecordedRow,
        r#"select n as "n!", file_id as "file_id!", ordinal as "ordinal!", turn as "turn!", code as "code!", user_id,
                  request_id, campaign_id, allocated_at as "allocated_at!", held_until, status as "status!"
           from allocations_at($1, $2, $3, $4)"#,
        list.list_id,
        &files,
        &ordinals,
        &turns,
    )
    .fetch_all(from)
    .await?;
    let mut recorded: Vec<Option<Recorded>> = vec![None; positions.len()];
    for row in rows {
        let place = usize::try_from(row.n).ok().and_then(|n| n.checked_sub(1));
        let slot = place
            .and_then(|place| recorded.get_mut(place))
            .ok_or_else(|| unreadable("place"))?;
        *slot = Some(row.try_into()?);
    }
    Ok(recorded)
}

pub(super) struct PositionRow {
    pub(super) file_id: i64,
    pub(super) ordinal: i64,
    pub(super) turn: i32,
}

impl From<PositionRow> for Position {
    fn from(row: PositionRow) -> Self {
        Self {
            file_id: row.file_id,
            ordinal: row.ordinal,
            turn: row.turn,
        }
    }
}

struct RecordedRow {
    n: i32,
    file_id: i64,
    ordinal: i64,
    turn: i32,
    code: String,
    user_id: Option<String>,
    request_id: Option<String>,
    campaign_id: Option<String>,
    allocated_at: jiff_sqlx::Timestamp,
    held_until: Option<jiff_sqlx::Timestamp>,
    status: String,
}

impl TryFrom<RecordedRow> for Recorded {
    type Error = Error;

    fn try_from(row: RecordedRow) -> Result<Self> {
        Ok(Self {
            allocation: Allocation {
                position: Position {
                    file_id: row.file_id,
                    ordinal: row.ordinal,
                    turn: row.turn,
                },
                code: row.code,
                status: match row.status.as_str() {
                    "ALLOCATED" => AllocationStatus::Allocated,
                    "HELD" => AllocationStatus::Held,
                    "REDEEMED" => AllocationStatus::Redeemed,
                    // To the one who got it a disabled code is as good as given back.
                    "RELEASED" | "DISABLED" => AllocationStatus::Released,
                    _ => return Err(unreadable("status")),
                },
                allocated_at: row.allocated_at.into(),
                held_until: row.held_until.map(Into::into),
            },
            user_id: row.user_id,
            request_id: row.request_id,
            campaign_id: row.campaign_id,
        })
    }
}

fn unreadable(what: &str) -> Error {
    Error::Fault(format!("a hand-out's {what} cannot be read"))
}
