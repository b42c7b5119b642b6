//! Lists as they are read.

use std::sync::Arc;

use domain::{AlertConditions, ListStatus, PublicId, caseless};
use sqlx::types::Json;

use super::{CouponList, ListQuery, ListRef, fingerprint_key};
use crate::{Error, Result, Storage, Workspace};

/// How many lists are read by one statement.
const LISTS_AT_ONCE: i64 = 500;

macro_rules! select_lists {
    ($function:tt, $($argument:expr),+ $(,)?) => {
        sqlx::query_as!(
            ListRow,
            r#"select public_id as "public_id!", name as "name!", label as "label!", status as "status!",
                      expires_at as "expires_at!", created_by as "created_by!", subscribers as "subscribers!",
                      alerts as "alerts!: Json<AlertConditions>", created_at as "created_at!",
                      updated_at as "updated_at!", total as "total!", available as "available!"
               from "# + $function,
            $($argument),+
        )
    };
}

impl Storage {
    /// The list of this name, if it is the workspace's and the actor sees it. Known by heart after the first time.
    pub async fn find_list(&self, workspace: &Workspace, id: PublicId) -> Result<Option<Arc<ListRef>>> {
        let key = (workspace.workspace_id, id);
        if let Some(list) = self.lists.get(&key).await {
            return Ok(workspace.sees(list.list_id).then_some(list));
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
        Ok(workspace.sees(list.list_id).then_some(list))
    }

    /// What the workspace's lists are called, by name: a cheap question.
    pub async fn list_names(&self, workspace: &Workspace) -> Result<Vec<(PublicId, String)>> {
        let rows = sqlx::query!(
            "select public_id, name from coupon_list
             where workspace_id = $1 and ($2::bigint[] is null or list_id = any ($2)) order by lower(name), list_id",
            workspace.workspace_id,
            workspace.lists.as_deref(),
        );
        let rows = rows.fetch_all(self.pool.of(workspace.workspace_id)).await?;
        let unreadable = |_| Error::Fault("a list's id cannot be read".to_owned());
        rows.into_iter()
            .map(|row| {
                Ok((
                    PublicId::try_from(row.public_id.as_slice()).map_err(unreadable)?,
                    row.name,
                ))
            })
            .collect()
    }

    pub async fn list(&self, list: &ListRef) -> Result<CouponList> {
        let row = select_lists!("read_list($1)", list.list_id);
        row.fetch_one(self.pool.of(list.workspace_id)).await?.try_into()
    }

    pub(crate) async fn list_by_id(&self, list_id: i64) -> Result<CouponList> {
        let row = select_lists!("read_list($1)", list_id);
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
            None => workspace.lists.as_deref().map(<[i64]>::to_vec),
        };
        let mut lists = Vec::new();
        let mut left = query.page.limit.unwrap_or(i64::MAX);
        let mut last: Option<(jiff_sqlx::Timestamp, Vec<u8>)> = None;
        while left > 0 {
            let most = left.min(LISTS_AT_ONCE);
            let (last_made, last_id) = last.take().unzip();
            let rows = select_lists!(
                "read_lists($1, $2, $3, $4, $5, $6, $7)",
                workspace.workspace_id,
                query.status.map(ListStatus::as_str),
                found.as_deref(),
                most,
                if last_made.is_none() { query.page.offset } else { 0 },
                last_made as _,
                last_id,
            )
            .fetch_all(self.reading(workspace.workspace_id))
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
        .fetch_all(self.reading(workspace.workspace_id))
        .await?;
        let has_part = |text: &str| caseless(text).contains(&part);
        let found = names
            .into_iter()
            .filter(|list| has_part(&list.name) || has_part(&list.label))
            .filter(|list| workspace.sees(list.list_id));
        Ok(found.map(|list| list.list_id).collect())
    }
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
