//! The rows that a load left out: kept as CSV, compressed, for a week.

use bytes::Bytes;
use domain::{FileStatus, PublicId};
use futures_util::{
    StreamExt as _,
    stream::{self, BoxStream},
};

use super::status;
use crate::{Error, FileToLoad, ListRef, Result, Storage};

/// How much is kept by one statement.
const PIECE_BYTES: usize = 1024 * 1024;

/// What there is to say of a file's rejected rows.
#[derive(Debug, Clone)]
pub enum Rejections {
    /// The load has not ended.
    Pending,
    /// No row was rejected.
    Empty,
    Kept(KeptRejections),
    /// They were, for a week.
    Gone,
}

/// Where the rows are.
#[derive(Debug, Clone)]
pub struct KeptRejections {
    list_id: i64,
    workspace_id: i64,
    file_id: i64,
    bytes: i64,
}

impl Storage {
    /// Keeps a file's rejected rows, a gzip stream, in the place of what an interrupted load kept. Nothing of it is shown until
    /// the load ends with its length. Keeps nothing if the job is someone else's by now.
    pub async fn keep_rejections(&self, file: &FileToLoad, gzip: &[u8]) -> Result<()> {
        for (number, piece) in (0..).zip(gzip.chunks(PIECE_BYTES)) {
            let kept = sqlx::query_scalar!(
                r#"select keep_rejections($1, $2, $3, $4, $5, $6, $7) as "kept!""#,
                file.claim.job_id,
                file.claim.attempt,
                file.claim.owner,
                file.file.list_id,
                file.file.file_id,
                number,
                piece,
            );
            if !kept.fetch_one(&self.bulk).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// What is kept of the file's rejected rows; `None` if there is no such file (any more).
    pub async fn rejections(&self, list: &ListRef, id: PublicId) -> Result<Option<Rejections>> {
        let pool = self.pool.of(list.workspace_id);
        let file = sqlx::query!(
            "select file_id, status, rejections_bytes from coupon_file
             where list_id = $1 and public_id = $2 and deleted_at is null",
            list.list_id,
            id.as_bytes(),
        );
        let Some(file) = file.fetch_optional(pool).await? else {
            return Ok(None);
        };
        if status(&file.status)? == FileStatus::Pending {
            return Ok(Some(Rejections::Pending));
        }
        let Some(bytes) = file.rejections_bytes else {
            return Ok(Some(Rejections::Empty));
        };
        let is_kept = sqlx::query_scalar!(
            r#"select exists (select from rejection_piece where list_id = $1 and file_id = $2 and number = 0) as "kept!""#,
            list.list_id,
            file.file_id,
        );
        Ok(Some(if is_kept.fetch_one(pool).await? {
            Rejections::Kept(KeptRejections {
                list_id: list.list_id,
                workspace_id: list.workspace_id,
                file_id: file.file_id,
                bytes,
            })
        } else {
            Rejections::Gone
        }))
    }

    /// The gzip stream, piece by piece, one at a time in memory. One that is missing is an error: rows that were removed
    /// meanwhile have no end.
    pub fn rejection_pieces(&self, kept: KeptRejections) -> BoxStream<'static, Result<Bytes>> {
        let pool = self.pool.clone();
        let pieces = stream::try_unfold((pool, 0, kept.bytes), move |(pool, number, left)| async move {
            if left == 0 {
                return Ok(None);
            }
            let piece = sqlx::query_scalar!(
                "select bytes from rejection_piece where list_id = $1 and file_id = $2 and number = $3",
                kept.list_id,
                kept.file_id,
                number,
            );
            let missing = || Error::Fault(format!("piece {number} of a file's rejected rows is missing"));
            let piece = piece
                .fetch_optional(pool.of(kept.workspace_id))
                .await?
                .ok_or_else(missing)?;
            match left - i64::try_from(piece.len()).unwrap_or(i64::MAX) {
                left @ 0.. => Ok(Some((Bytes::from(piece), (pool, number + 1, left)))),
                _ => Err(Error::Fault(
                    "a file's rejected rows have another length now".to_owned(),
                )),
            }
        });
        pieces.boxed()
    }

    /// Forgets the rejected rows of a week ago.
    pub async fn forget_old_rejections(&self) -> Result<()> {
        sqlx::query!("delete from rejection_piece where kept_at < clock_timestamp() - interval '7 days'")
            .execute(&self.bulk)
            .await?;
        Ok(())
    }
}
