//! Coupon lists.

use std::sync::Arc;

use domain::{
    AlertConditions, AlertPatch, FingerprintKey, FreeText, IdempotencyKey, Label, ListName, ListStatus,
    PublicId, Subscribers, caseless,
};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::types::Json;

use crate::{Error, Result, Storage, Workspace};

/// Holds given back by one statement, which keeps the list's gate meanwhile: some tens of milliseconds.
const HOLDS_AT_ONCE: i32 = 2_000;

/// How many lists are read by one statement.
const LISTS_AT_ONCE: i64 = 500;

/// A list that exists and belongs to the workspace that asked: what every call about a list takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListRef {
    pub(crate) workspace_id: i64,
    pub(crate) list_id: i64,
    pub public_id: PublicId,
    pub key: FingerprintKey,
}

/// A list as it is read.
#[derive(Debug, Clone)]
pub struct CouponList {
    pub public_id: PublicId,
    pub name: String,
    pub label: String,
    /// By the clock: a list past its expiry is `EXPIRED` whether or not that has been carried out.
    pub status: ListStatus,
    pub expires_at: Timestamp,
    pub created_by: String,
    pub subscribers: Vec<String>,
    pub alerts: AlertConditions,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub total: i64,
    pub available: i64,
}

/// A list to be made.
#[derive(Debug, Clone)]
pub struct NewList {
    pub name: ListName,
    pub label: Label,
    pub expires_at: Timestamp,
    pub created_by: FreeText,
    pub subscribers: Subscribers,
    pub alerts: AlertConditions,
}

/// What became of a new list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreateList {
    Created(PublicId),
    DuplicateName,
    DuplicateLabel,
    /// Its expiry has passed.
    Expired,
    /// The workspace has as many as it may have.
    TooMany,
    /// The idempotency key was used for another list.
    KeyReused,
}

/// A part of a long answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Page {
    /// Absent: all.
    pub limit: Option<i64>,
    pub offset: i64,
}

/// Which lists are wanted.
#[derive(Debug, Clone, Default)]
pub struct ListQuery {
    pub status: Option<ListStatus>,
    /// A part of the name or the label, in whatever case.
    pub search: Option<String>,
    pub page: Page,
}

/// What a patch names; the rest stays.
#[derive(Debug, Clone, Default)]
pub struct ListChange {
    pub name: Option<ListName>,
    pub expires_at: Option<Timestamp>,
    pub subscribers: Option<Subscribers>,
    pub alerts: Option<AlertPatch>,
}

/// What became of a patch; unless `Updated`, nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateList {
    Updated,
    DuplicateName,
    /// The list's expiry, after the patch, has passed.
    Expired,
    /// An alert that is on needs this key.
    AlertNumberMissing(&'static str),
}

/// What became of an activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    Done,
    /// The new expiry has passed; nothing was changed.
    Expired,
}

impl Storage {
    /// The list of this name, if it is the workspace's. Known by heart after the first time.
    pub async fn find_list(&self, workspace: &Workspace, id: PublicId) -> Result<Option<Arc<ListRef>>> {
        let key = (workspace.workspace_id, id);
        if let Some(list) = self.lists.get(&key).await {
            return Ok(Some(list));
        }
        let row = sqlx::query!(
            "select list_id, fingerprint_key from coupon_list where workspace_id = $1 and public_id = $2",
            workspace.workspace_id,
            id.as_bytes(),
        )
        .fetch_optional(self.pool.of(workspace.workspace_id))
        .await?;
        let Some(row) = row else { return Ok(None) };
        let list = ListRef {
            workspace_id: workspace.workspace_id,
            list_id: row.list_id,
            public_id: id,
            key: fingerprint_key(&row.fingerprint_key)?,
        };
        let list = Arc::new(list);
        self.lists.insert(key, list.clone()).await;
        Ok(Some(list))
    }

    /// Makes a list; with an idempotency key, once for the key. `most_lists` is how many the workspace may have.
    pub async fn create_list(
        &self,
        workspace: &Workspace,
        list: &NewList,
        once: Option<&IdempotencyKey>,
        most_lists: Option<i64>,
    ) -> Result<CreateList> {
        let id = PublicId::from_bytes(rand::random());
        let key: [u8; 16] = rand::random();
        let created = sqlx::query!(
            r#"select outcome as "outcome!", made as "made!"
               from create_list_once($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"#,
            once.map(IdempotencyKey::as_str),
            once.map(|once| once.request_hash().as_slice()),
            most_lists,
            workspace.workspace_id,
            id.as_bytes(),
            list.name.as_str(),
            list.label.as_str(),
            list.expires_at.to_sqlx() as _,
            list.created_by.as_str(),
            list.subscribers.as_slice(),
            Json(&list.alerts) as _,
            &key,
        )
        .fetch_one(self.pool.of(workspace.workspace_id))
        .await;
        match created {
            Ok(row) => match row.outcome.as_str() {
                "created" | "repeat" => PublicId::try_from(row.made.as_slice())
                    .map(CreateList::Created)
                    .map_err(|_| Error::Fault("a list's id cannot be read".to_owned())),
                "expired" => Ok(CreateList::Expired),
                "too-many" => Ok(CreateList::TooMany),
                "other" => Ok(CreateList::KeyReused),
                other => Err(Error::Fault(format!("create_list_once answered {other}"))),
            },
            Err(error) => match violated(&error) {
                Some("coupon_list_name_unique") => Ok(CreateList::DuplicateName),
                Some("coupon_list_label_unique") => Ok(CreateList::DuplicateLabel),
                _ => Err(error.into()),
            },
        }
    }

    pub async fn list(&self, list: &ListRef) -> Result<CouponList> {
        let row = sqlx::query_file_as!(ListRow, "src/queries/list.sql", list.list_id);
        row.fetch_one(self.pool.of(list.workspace_id)).await?.try_into()
    }

    pub(crate) async fn list_by_id(&self, list_id: i64) -> Result<CouponList> {
        let row = sqlx::query_file_as!(ListRow, "src/queries/list.sql", list_id);
        row.fetch_one(&self.pool).await?.try_into()
    }

    /// Whether the list takes files and hands out codes now.
    pub async fn is_active(&self, list: &ListRef) -> Result<bool> {
        let active = sqlx::query_scalar!(
            r#"select status = 'ACTIVE' and expires_at > clock_timestamp() as "active!" from coupon_list where list_id = $1"#,
            list.list_id
        );
        Ok(active.fetch_one(self.pool.of(list.workspace_id)).await?)
    }

    /// The workspace's lists, the newest first. Many are asked for some hundred at a time: what one list holds is known
    /// in a moment, what thousands hold is not.
    pub async fn lists(&self, workspace: &Workspace, query: &ListQuery) -> Result<Vec<CouponList>> {
        let found = match &query.search {
            Some(part) => Some(self.lists_named(workspace, part).await?),
            None => None,
        };
        let mut lists = Vec::new();
        let mut left = query.page.limit.unwrap_or(i64::MAX);
        let mut last: Option<(jiff_sqlx::Timestamp, Vec<u8>)> = None;
        while left > 0 {
            let most = left.min(LISTS_AT_ONCE);
            let (last_made, last_id) = last.take().unzip();
            let rows = sqlx::query_file_as!(
                ListRow,
                "src/queries/lists.sql",
                workspace.workspace_id,
                query.status.map(ListStatus::as_str),
                found.as_deref(),
                most,
                if last_made.is_none() { query.page.offset } else { 0 },
                last_made as _,
                last_id,
            )
            .fetch_all(self.pool.of(workspace.workspace_id))
            .await?;
            left = match i64::try_from(rows.len()) {
                Ok(read) if read == most => left - read,
                _ => 0,
            };
            last = rows.last().map(|row| (row.created_at, row.public_id.clone()));
            lists.extend(rows);
        }
        lists.into_iter().map(TryInto::try_into).collect()
    }

    /// The lists with this in their name or label. Compared here, since what a database takes for the same letter in
    /// another case depends on its locale.
    async fn lists_named(&self, workspace: &Workspace, part: &str) -> Result<Vec<i64>> {
        let part = caseless(part);
        let names = sqlx::query!(
            "select list_id, name, label from coupon_list where workspace_id = $1",
            workspace.workspace_id
        )
        .fetch_all(self.pool.of(workspace.workspace_id))
        .await?;
        let has_part = |text: &str| caseless(text).contains(&part);
        let found = names
            .into_iter()
            .filter(|list| has_part(&list.name) || has_part(&list.label));
        Ok(found.map(|list| list.list_id).collect())
    }

    pub async fn update_list(&self, list: &ListRef, change: &ListChange) -> Result<UpdateList> {
        let outcome = sqlx::query_scalar!(
            r#"select update_list($1, $2, $3, $4, $5) as "outcome!""#,
            list.list_id,
            change.name.as_ref().map(ListName::as_str),
            change.expires_at.map(jiff_sqlx::ToSqlx::to_sqlx) as _,
            change.subscribers.as_ref().map(Subscribers::as_slice),
            change.alerts.as_ref().map(Json) as _,
        )
        .fetch_one(self.pool.of(list.workspace_id))
        .await;
        match outcome.as_deref() {
            Ok("updated") => Ok(UpdateList::Updated),
            Ok("expired") => Ok(UpdateList::Expired),
            Ok("days_before-missing") => Ok(UpdateList::AlertNumberMissing("days_before")),
            Ok("threshold_count-missing") => Ok(UpdateList::AlertNumberMissing("threshold_count")),
            Ok(other) => Err(Error::Fault(format!("update_list answered {other}"))),
            Err(error) if violated(error) == Some("coupon_list_name_unique") => Ok(UpdateList::DuplicateName),
            Err(_) => outcome.map(|_| UpdateList::Updated).map_err(Error::from),
        }
    }

    /// Makes the list active until `expires_at`, from whatever state; its former codes do not come back.
    pub async fn activate_list(&self, list: &ListRef, expires_at: Timestamp) -> Result<Changed> {
        let done = sqlx::query_scalar!(
            r#"select activate_list($1, $2) as "done!""#,
            list.list_id,
            expires_at.to_sqlx() as _
        )
        .fetch_one(self.pool.of(list.workspace_id))
        .await?;
        Ok(if done { Changed::Done } else { Changed::Expired })
    }

    /// Takes the list and its free codes out of use; nothing is handed out from the answer on.
    pub async fn archive_list(&self, list: &ListRef) -> Result<()> {
        sqlx::query!("select archive_list($1)", list.list_id)
            .execute(self.pool.of(list.workspace_id))
            .await?;
        Ok(())
    }

    /// Carries out the expiries that have come; answers how many lists there were.
    pub async fn expire_due_lists(&self) -> Result<usize> {
        let due = sqlx::query_scalar!(
            "select list_id from coupon_list where status = 'ACTIVE' and expires_at <= clock_timestamp() limit 100"
        )
        .fetch_all(&self.pool)
        .await?;
        for list_id in &due {
            sqlx::query_scalar!("select expire_list($1)", list_id)
                .fetch_one(&self.pool)
                .await?;
        }
        Ok(due.len())
    }

    /// Gives back the codes of holds that ran out, so that they are counted and handed out without waiting for a list
    /// to run dry; answers how many.
    pub async fn sweep_holds(&self) -> Result<i64> {
        let lists = sqlx::query_scalar!(
            "select distinct list_id from hold
             where held_until at time zone 'UTC' <= clock_timestamp() at time zone 'UTC' limit 100"
        )
        .fetch_all(&self.pool)
        .await?;
        let mut swept = 0;
        for list_id in lists {
            loop {
                let some = sqlx::query_scalar!(
                    r#"select sweep_holds($1, $2) as "swept!""#,
                    list_id,
                    HOLDS_AT_ONCE
                );
                let some = some.fetch_one(&self.pool).await?;
                swept += i64::from(some);
                if some < HOLDS_AT_ONCE {
                    break;
                }
            }
        }
        Ok(swept)
    }
}

/// The name of the constraint an error is about.
fn violated(error: &sqlx::Error) -> Option<&str> {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::constraint)
}

pub(crate) fn fingerprint_key(bytes: &[u8]) -> Result<FingerprintKey> {
    bytes
        .try_into()
        .map(FingerprintKey::from_bytes)
        .map_err(|_| Error::Fault("a list's fingerprint key is not 16 bytes".to_owned()))
}

struct ListRow {
    public_id: Vec<u8>,
    name: String,
    label: String,
    status: String,
    expires_at: jiff_sqlx::Timestamp,
    created_by: String,
    subscribers: Vec<String>,
    alerts: Json<AlertConditions>,
    created_at: jiff_sqlx::Timestamp,
    updated_at: jiff_sqlx::Timestamp,
    total: i64,
    available: i64,
}

impl TryFrom<ListRow> for CouponList {
    type Error = Error;

    fn try_from(row: ListRow) -> Result<Self> {
        let unreadable = |what: &str| Error::Fault(format!("a list's {what} cannot be read"));
        Ok(Self {
            public_id: PublicId::try_from(row.public_id.as_slice()).map_err(|_| unreadable("id"))?,
            status: row.status.parse().map_err(|_| unreadable("status"))?,
            name: row.name,
            label: row.label,
            expires_at: row.expires_at.into(),
            created_by: row.created_by,
            subscribers: row.subscribers,
            alerts: row.alerts.0,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
            total: row.total,
            available: row.available,
        })
    }
}
