//! Files sent by hand: kept in pieces until their load has ended, where every process can read them.

use bytes::Bytes;
use futures_util::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Error, ListRef, Result, Storage};

/// A file that was sent, or is being sent: so many pieces and bytes of it are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_field_names, reason = "the keys are called as in the schema")]
pub struct Upload {
    list_id: i64,
    upload_id: Uuid,
    pieces: i32,
    bytes: i64,
}

/// The same, as the load's job keeps it.
#[derive(Serialize, Deserialize)]
#[allow(clippy::struct_field_names, reason = "the keys are called as in the schema")]
pub(crate) struct SentFile {
    upload_id: Uuid,
    pieces: i32,
    bytes: i64,
}

impl Upload {
    pub fn begin(list: &ListRef) -> Self {
        Self {
            list_id: list.list_id,
            upload_id: Uuid::from_bytes(rand::random()),
            pieces: 0,
            bytes: 0,
        }
    }

    pub(crate) fn of_job(list_id: i64, sent: &SentFile) -> Self {
        Self {
            list_id,
            upload_id: sent.upload_id,
            pieces: sent.pieces,
            bytes: sent.bytes,
        }
    }

    pub(crate) fn for_job(&self) -> SentFile {
        SentFile {
            upload_id: self.upload_id,
            pieces: self.pieces,
            bytes: self.bytes,
        }
    }
}

impl Storage {
    /// Keeps the next piece; some hundred kilobytes make a good one.
    pub async fn keep_piece(&self, upload: &mut Upload, bytes: &[u8]) -> Result<()> {
        let length =
            i64::try_from(bytes.len()).map_err(|_| Error::Fault("a piece is too long".to_owned()))?;
        sqlx::query!(
            "insert into upload_piece (list_id, upload_id, number, bytes) values ($1, $2, $3, $4)",
            upload.list_id,
            upload.upload_id,
            upload.pieces,
            bytes,
        )
        .execute(&self.pool)
        .await?;
        upload.pieces += 1;
        upload.bytes += length;
        Ok(())
    }

    /// The pieces in their order, one at a time in memory. One that is missing is an error, and so is a length that is
    /// not what was kept.
    pub fn pieces(&self, upload: Upload) -> BoxStream<'_, Result<Bytes>> {
        let missing = move |number| {
            Error::Fault(format!(
                "piece {number} of {} of a file that was sent is missing",
                upload.pieces
            ))
        };
        let pieces = stream::try_unfold((0, upload.bytes), move |(number, left)| async move {
            if number == upload.pieces {
                return match left {
                    0 => Ok(None),
                    _ => Err(Error::Fault(
                        "a file that was sent has another length now".to_owned(),
                    )),
                };
            }
            let piece = sqlx::query_scalar!(
                "select bytes from upload_piece where list_id = $1 and upload_id = $2 and number = $3",
                upload.list_id,
                upload.upload_id,
                number,
            );
            let piece = piece
                .fetch_optional(&self.pool)
                .await?
                .ok_or_else(|| missing(number))?;
            let left = left - i64::try_from(piece.len()).unwrap_or(i64::MAX);
            Ok(Some((Bytes::from(piece), (number + 1, left))))
        });
        pieces.boxed()
    }

    /// Removes the pieces: the load has ended, or the sender has given up.
    pub async fn forget_upload(&self, upload: Upload) -> Result<()> {
        sqlx::query!(
            "delete from upload_piece where list_id = $1 and upload_id = $2",
            upload.list_id,
            upload.upload_id,
        )
        .execute(&self.bulk)
        .await?;
        Ok(())
    }

    /// Removes what no load will read: senders that broke off, and loads whose process died at their very end. A sender
    /// pauses for half a minute at most, so a file of which nothing came for an hour is not being sent any more.
    pub async fn forget_orphaned_uploads(&self) -> Result<()> {
        sqlx::query!(
            "delete from upload_piece p
             where p.received_at < clock_timestamp() - interval '1 hour'
               and not exists (select from upload_piece n where n.list_id = p.list_id and n.upload_id = p.upload_id
                               and n.received_at >= clock_timestamp() - interval '1 hour')
               and not exists (select from job j where j.list_id = p.list_id and j.kind = 'load_file'
                               and j.state in ('ready', 'running') and j.payload ->> 'upload_id' = p.upload_id::text)"
        )
        .execute(&self.bulk)
        .await?;
        Ok(())
    }
}
