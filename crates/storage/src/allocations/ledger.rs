//! Who got what.

use domain::{AllocationStatus, ExternalId, Position, PublicId, RequestKey};
use sqlx::PgExecutor;
use uuid::Uuid;

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

/// Which hand-outs are wanted; what is absent does not matter.
#[derive(Debug, Clone, Default)]
pub struct LedgerQuery {
    pub file: Option<PublicId>,
    pub user_id: Option<ExternalId>,
    pub campaign_id: Option<String>,
    /// The last one of the page before.
    pub after: Option<Position>,
    pub limit: i32,
}

impl Storage {
    /// A page of hand-outs, in the order of file, ordinal and turn. `None` if there is no such file.
    pub async fn ledger_page(&self, list: &ListRef, query: &LedgerQuery) -> Result<Option<Vec<Recorded>>> {
        let file_id = match query.file {
            Some(id) => match self.file_id(list, id).await? {
                Some(file_id) => Some(file_id),
                None => return Ok(None),
            },
            None => None,
        };
        let after = query.after.unwrap_or(Position {
            file_id: -1,
            ordinal: -1,
            turn: -1,
        });
        let user = query.user_id.as_ref();
        let keys = user.map(|user| keys_of(list.public_id, user)).unzip();
        let rows = sqlx::query_as!(
            PositionRow,
            r#"select file_id as "file_id!", ordinal as "ordinal!", turn as "turn!"
               from ledger_page($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"#,
            list.list_id,
            file_id,
            user.map(ExternalId::as_str),
            keys.0,
            keys.1,
            query.campaign_id,
            after.file_id,
            after.ordinal,
            after.turn,
            query.limit,
        )
        .fetch_all(self.reading(list.workspace_id))
        .await?;
        let positions: Vec<Position> = rows.into_iter().map(Into::into).collect();
        let recorded = recorded(self.reading(list.workspace_id), list, &positions).await?;
        Ok(Some(recorded.into_iter().flatten().collect()))
    }

    /// The hand-out of this request key.
    pub async fn by_request(&self, list: &ListRef, key: RequestKey) -> Result<Option<Recorded>> {
        let row = sqlx::query_as!(
            PositionRow,
            "select file_id, ordinal, turn from ledger where list_id = $1 and request_key = $2",
            list.list_id,
            Uuid::from_bytes(*key.as_bytes()),
        );
        let Some(row) = row.fetch_optional(self.pool.of(list.workspace_id)).await? else {
            return Ok(None);
        };
        Ok(self.recorded(list, &[row.into()]).await?.pop().flatten())
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

    async fn file_id(&self, list: &ListRef, id: PublicId) -> Result<Option<i64>> {
        let found = sqlx::query_scalar!(
            "select file_id from coupon_file where list_id = $1 and public_id = $2 and deleted_at is null",
            list.list_id,
            id.as_bytes(),
        );
        Ok(found.fetch_optional(self.pool.of(list.workspace_id)).await?)
    }
}

/// The first and the last request key that a user's requests without an id can have.
fn keys_of(list: PublicId, user: &ExternalId) -> (Uuid, Uuid) {
    let range = RequestKey::range_of(list, user);
    (
        Uuid::from_bytes(*range.start().as_bytes()),
        Uuid::from_bytes(*range.end().as_bytes()),
    )
}

async fn recorded(
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

struct PositionRow {
    file_id: i64,
    ordinal: i64,
    turn: i32,
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
