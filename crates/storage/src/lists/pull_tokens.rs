//! Tokens by which a template engine fetches codes of one list.

use std::sync::Arc;

use domain::{LinkKey, PublicId};
use jiff::Timestamp;

use crate::{Error, ListRef, Result, Storage, lists::fingerprint_key};

/// A token as its owner sees it.
#[derive(Debug, Clone)]
pub struct PullToken {
    pub public_id: PublicId,
    /// What is answered when the list has no code to give; `None`: an error.
    pub fallback: Option<String>,
    pub created_at: Timestamp,
}

/// A token that was presented: the list it opens, and what it must be signed with.
#[derive(Debug, Clone)]
pub struct LinkedToken {
    pub list: Arc<ListRef>,
    pub key: LinkKey,
    pub fallback: Option<String>,
}

impl Storage {
    pub async fn create_pull_token(&self, list: &ListRef, fallback: Option<&str>) -> Result<PullToken> {
        let id = PublicId::from_bytes(rand::random());
        let created_at = sqlx::query_scalar!(
            "insert into pull_token (list_id, public_id, fallback) values ($1, $2, $3) returning created_at",
            list.list_id,
            id.as_bytes(),
            fallback,
        );
        Ok(PullToken {
            public_id: id,
            fallback: fallback.map(str::to_owned),
            created_at: created_at
                .fetch_one(self.pool.of(list.workspace_id))
                .await?
                .into(),
        })
    }

    /// The list's tokens that were not revoked, the newest first.
    pub async fn pull_tokens(&self, list: &ListRef) -> Result<Vec<PullToken>> {
        let rows = sqlx::query!(
            "select public_id, fallback, created_at from pull_token where list_id = $1 and revoked_at is null
             order by created_at desc, token_id desc",
            list.list_id,
        );
        let rows = rows.fetch_all(self.pool.of(list.workspace_id)).await?;
        rows.into_iter()
            .map(|row| {
                Ok(PullToken {
                    public_id: PublicId::try_from(row.public_id.as_slice()).map_err(|_| unreadable())?,
                    fallback: row.fallback,
                    created_at: row.created_at.into(),
                })
            })
            .collect()
    }

    /// The token opens nothing from the answer on. False if there is no such token (any more).
    pub async fn revoke_pull_token(&self, list: &ListRef, id: PublicId) -> Result<bool> {
        let revoked = sqlx::query!(
            "update pull_token set revoked_at = clock_timestamp()
             where list_id = $1 and public_id = $2 and revoked_at is null",
            list.list_id,
            id.as_bytes(),
        );
        Ok(revoked
            .execute(self.pool.of(list.workspace_id))
            .await?
            .rows_affected()
            == 1)
    }

    /// What the token opens, if it is what its signature says; asked each time, so that a revoked one opens nothing.
    pub async fn linked_token(&self, id: PublicId) -> Result<Option<LinkedToken>> {
        let row = sqlx::query!(
            "select c.workspace_id, c.list_id, c.public_id, c.fingerprint_key, t.fallback, w.link_key
             from pull_token t join coupon_list c using (list_id) join workspace w using (workspace_id)
             where t.public_id = $1 and t.revoked_at is null",
            id.as_bytes(),
        );
        let Some(row) = row.fetch_optional(&self.keys).await? else {
            return Ok(None);
        };
        Ok(Some(LinkedToken {
            list: Arc::new(ListRef {
                workspace_id: row.workspace_id,
                list_id: row.list_id,
                public_id: PublicId::try_from(row.public_id.as_slice()).map_err(|_| unreadable())?,
                key: fingerprint_key(&row.fingerprint_key)?,
            }),
            key: LinkKey::new(self.link_seal().await?.clone(), row.link_key),
            fallback: row.fallback,
        }))
    }
}

fn unreadable() -> Error {
    Error::Fault("a pull token cannot be read".to_owned())
}
