//! Files sent by hand: kept in pieces until their load has ended, where every process can read them.

use bytes::Bytes;
use futures_util::{StreamExt as _, stream::BoxStream};
use uuid::Uuid;

use crate::{ListRef, Result, Storage};

/// A file that was sent, or is being sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upload {
    list_id: i64,
    upload_id: Uuid,
}

impl Upload {
    pub fn begin(list: &ListRef) -> Self {
        Self::of_list(list.list_id, Uuid::from_bytes(rand::random()))
    }

    pub(crate) fn of_list(list_id: i64, upload_id: Uuid) -> Self {
        Self { list_id, upload_id }
    }

    pub(crate) fn id(&self) -> Uuid {
        self.upload_id
    }
}

impl Storage {
    /// Keeps the piece with this number, from 0; some hundred kilobytes make a good one.
    pub async fn keep_piece(&self, upload: Upload, number: i32, bytes: &[u8]) -> Result<()> {
        sqlx::query!(
            "insert into upload_piece (list_id, upload_id, number, bytes) values ($1, $2, $3, $4)",
            upload.list_id,
            upload.upload_id,
            number,
            bytes,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The pieces in their order, one at a time in memory.
    pub fn pieces(&self, upload: Upload) -> BoxStream<'_, Result<Bytes>> {
        let numbered = futures_util::stream::unfold(0, move |number| async move {
            let piece = sqlx::query_scalar!(
                "select bytes from upload_piece where list_id = $1 and upload_id = $2 and number = $3",
                upload.list_id,
                upload.upload_id,
                number,
            )
            .fetch_optional(&self.pool)
            .await;
            match piece {
                Ok(Some(bytes)) => Some((Ok(Bytes::from(bytes)), number + 1)),
                Ok(None) => None,
                Err(error) => Some((Err(error.into()), number)),
            }
        });
        numbered.boxed()
    }

    /// Removes the pieces: the load has ended, or the sender has given up.
    pub async fn forget_upload(&self, upload: Upload) -> Result<()> {
        sqlx::query!(
            "delete from upload_piece where list_id = $1 and upload_id = $2",
            upload.list_id,
            upload.upload_id,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Removes what no load will read: senders that broke off, and loads whose process died at their very end.
    pub async fn forget_orphaned_uploads(&self) -> Result<()> {
        sqlx::query!(
            "delete from upload_piece p
             where p.received_at < clock_timestamp() - interval '1 hour'
               and not exists (select from job j where j.list_id = p.list_id and j.kind = 'load_file'
                               and j.state in ('ready', 'running') and j.payload ->> 'upload_id' = p.upload_id::text)"
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
