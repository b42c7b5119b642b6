//! Who got what, page by page.

use domain::{AllocationStatus, ExternalId, Position, PublicId};
use futures_util::{Stream, stream};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;

use super::ledger::{PositionRow, Recorded, keys_of, recorded};
use crate::{ListRef, Result, Storage};

/// Hand-outs that are looked at by one statement where not all of them are wanted, and for one page.
const LOOKED_AT_ONCE: usize = 1_000;
const MOST_LOOKED_AT: usize = 20_000;

/// Which hand-outs are wanted; what is absent does not matter.
#[derive(Debug, Clone, Default)]
pub struct HandOutFilter {
    pub file: Option<PublicId>,
    pub user_id: Option<ExternalId>,
    pub campaign_id: Option<ExternalId>,
    /// As it is now.
    pub status: Option<AllocationStatus>,
    /// Handed out at this instant or later.
    pub from: Option<Timestamp>,
    /// Handed out before this instant.
    pub until: Option<Timestamp>,
}

impl HandOutFilter {
    /// Whether it takes all hand-outs there are.
    pub fn is_empty(&self) -> bool {
        let ids = [&self.user_id, &self.campaign_id];
        self.file.is_none()
            && ids.iter().all(|id| id.is_none())
            && self.status.is_none()
            && self.from.is_none()
            && self.until.is_none()
    }

    /// Whether the statement finds just what is taken.
    fn is_found_exactly(&self) -> bool {
        self.status.is_none() && self.from.is_none() && self.until.is_none()
    }

    /// Whatever file it is of.
    pub(super) fn takes(&self, one: &Recorded) -> bool {
        let at = one.allocation.allocated_at;
        let same = |wanted: &Option<ExternalId>, found: &Option<String>| {
            wanted
                .as_ref()
                .is_none_or(|id| Some(id.as_str()) == found.as_deref())
        };
        same(&self.user_id, &one.user_id)
            && same(&self.campaign_id, &one.campaign_id)
            && self.status.is_none_or(|status| one.allocation.status == status)
            && self.from.is_none_or(|from| at >= from)
            && self.until.is_none_or(|until| at < until)
    }
}

/// A page of hand-outs.
#[derive(Debug, Clone, Default)]
pub struct LedgerPage {
    pub hand_outs: Vec<Recorded>,
    /// After which the next page begins; none on the last one. A page with a next one may have fewer than were asked for:
    /// where few hand-outs are taken, so many of the others are looked at for a page and no more.
    pub next: Option<Position>,
}

impl Storage {
    /// A page of at most `limit` hand-outs after that one, in the order of file, ordinal and turn. `None` if there is no such
    /// file.
    pub async fn ledger_page(
        &self,
        list: &ListRef,
        filter: &HandOutFilter,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Option<LedgerPage>> {
        let file_id = match filter.file {
            Some(id) => match self.file_id(list, id).await? {
                Some(file_id) => Some(file_id),
                None => return Ok(None),
            },
            None => None,
        };
        let at_once = if filter.is_found_exactly() {
            limit
        } else {
            LOOKED_AT_ONCE
        };
        let mut page = LedgerPage {
            next: after,
            ..LedgerPage::default()
        };
        let mut looked_at = 0;
        while looked_at < MOST_LOOKED_AT {
            let places = self.places(list, file_id, filter, page.next, at_once).await?;
            let found = recorded(self.reading(list.workspace_id), list, &places).await?;
            for one in found.into_iter().flatten().filter(|one| filter.takes(one)) {
                page.next = Some(one.allocation.position);
                page.hand_outs.push(one);
                if page.hand_outs.len() == limit {
                    return Ok(Some(page));
                }
            }
            if places.len() < at_once {
                page.next = None;
                break;
            }
            page.next = places.last().copied();
            looked_at += places.len();
        }
        Ok(Some(page))
    }

    /// All hand-outs that the filter takes, some at a time: what follows is read when it is asked for. None of a file that is
    /// not there.
    pub fn hand_outs(
        &self,
        list: ListRef,
        filter: HandOutFilter,
    ) -> impl Stream<Item = Result<Vec<Recorded>>> + use<> {
        let begin = (self.clone(), list, filter, Some(None));
        stream::try_unfold(begin, |(storage, list, filter, after)| async move {
            let Some(after) = after else { return Ok(None) };
            let page = storage.ledger_page(&list, &filter, after, LOOKED_AT_ONCE).await?;
            let page = page.unwrap_or_default();
            let next = page.next.map(Some);
            Ok(Some((page.hand_outs, (storage, list, filter, next))))
        })
    }

    /// Where the next hand-outs are that the statement finds.
    async fn places(
        &self,
        list: &ListRef,
        file_id: Option<i64>,
        filter: &HandOutFilter,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Position>> {
        let after = after.unwrap_or(Position {
            file_id: -1,
            ordinal: -1,
            turn: -1,
        });
        let user = filter.user_id.as_ref();
        let keys = user.map(|user| keys_of(list.public_id, user)).unzip();
        let rows = sqlx::query_as!(
            PositionRow,
            r#"select file_id as "file_id!", ordinal as "ordinal!", turn as "turn!"
               from ledger_page($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"#,
            list.list_id,
            file_id,
            user.map(ExternalId::as_str),
            keys.0,
            keys.1,
            filter.campaign_id.as_ref().map(ExternalId::as_str),
            filter.from.map(ToSqlx::to_sqlx) as _,
            filter.until.map(ToSqlx::to_sqlx) as _,
            after.file_id,
            after.ordinal,
            after.turn,
            i32::try_from(limit).unwrap_or(i32::MAX),
        )
        .fetch_all(self.reading(list.workspace_id))
        .await?;
        Ok(rows.into_iter().map(Into::into).collect())
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
