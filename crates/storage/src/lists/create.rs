//! Making a list.

use domain::{IdempotencyKey, PublicId};
use jiff_sqlx::ToSqlx as _;
use sqlx::types::Json;

use super::{CreateList, NewList};
use crate::{Error, Result, Storage, Workspace};

impl Storage {
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
        let row = sqlx::query!(
            "select made, refusal
             from create_list_once($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
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
        .await?;
        if let Some(refusal) = row.refusal {
            return Ok(CreateList::Refused(refusal));
        }
        match row.made.as_deref().map(PublicId::try_from) {
            Some(Ok(made)) => Ok(CreateList::Created(made)),
            _ => Err(Error::Fault("a list's id cannot be read".to_owned())),
        }
    }
}
