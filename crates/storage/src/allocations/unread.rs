//! Answers whose reader is slower than they come: kept in pieces, each until it is read.

use bytes::Bytes;
use uuid::Uuid;

use crate::{Error, ListRef, Result, Storage};

/// The unread answers of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_field_names, reason = "the keys are called as in the schema")]
pub struct Spool {
    workspace_id: i64,
    list_id: i64,
    spool_id: Uuid,
}

impl Spool {
    pub fn begin(list: &ListRef) -> Self {
        Self {
            workspace_id: list.workspace_id,
            list_id: list.list_id,
            spool_id: Uuid::from_bytes(rand::random()),
        }
    }
}

impl Storage {
    /// Keeps the piece with this number.
    pub async fn keep_answers(&self, spool: Spool, number: i32, bytes: &[u8]) -> Result<()> {
        sqlx::query!(
            "insert into answer_piece (list_id, spool_id, number, bytes) values ($1, $2, $3, $4)",
            spool.list_id,
            spool.spool_id,
            number,
            bytes,
        )
        .execute(self.pool.of(spool.workspace_id))
        .await?;
        Ok(())
    }

    /// The piece with this number, which is then gone. One that is not there is a fault: it was kept.
    pub async fn take_answers(&self, spool: Spool, number: i32) -> Result<Bytes> {
        let bytes = sqlx::query_scalar!(
            "delete from answer_piece where list_id = $1 and spool_id = $2 and number = $3 returning bytes",
            spool.list_id,
            spool.spool_id,
            number,
        );
        let bytes = bytes.fetch_optional(self.pool.of(spool.workspace_id)).await?;
        bytes
            .map(Bytes::from)
            .ok_or_else(|| Error::Fault("answers that were kept are gone".to_owned()))
    }

    /// Removes what was not read: the reader has gone.
    pub async fn forget_answers(&self, spool: Spool) -> Result<()> {
        sqlx::query!(
            "delete from answer_piece where list_id = $1 and spool_id = $2",
            spool.list_id,
            spool.spool_id,
        )
        .execute(&self.bulk)
        .await?;
        Ok(())
    }

    /// Removes what nobody will read any more: its process ended before its request.
    pub async fn forget_orphaned_answers(&self) -> Result<()> {
        sqlx::query!("delete from answer_piece where kept_at < clock_timestamp() - interval '1 day'")
            .execute(&self.bulk)
            .await?;
        Ok(())
    }
}
