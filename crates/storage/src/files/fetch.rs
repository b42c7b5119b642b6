//! Hosted files on their way in: fetched in pieces, which wait in the database for their load.

use bytes::Bytes;
use domain::{BasicAuth, FileUrl, FingerprintKey};
use futures_util::{StreamExt as _, TryStreamExt as _, stream, stream::BoxStream};
use serde::Deserialize;

use crate::{Claim, Error, FileToLoad, LoadSource, Result, Storage, files::FileRef, jobs::is_lost_race};

/// A file whose fetch the caller has claimed.
#[derive(Debug, Clone)]
pub struct FileToFetch {
    pub claim: Claim,
    pub file: FileRef,
    pub key: FingerprintKey,
    pub url: FileUrl,
    pub auth: Option<BasicAuth>,
    pub dry_run: bool,
}

/// A file that was fetched, as its job keeps it: how many pieces and bytes have to be there.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct FetchedFile {
    attempt: i32,
    pieces: i32,
    bytes: u64,
}

impl FetchedFile {
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Storage {
    /// Removes what an interrupted fetch left.
    pub async fn begin_fetch(&self, file: &FileToFetch) -> Result<()> {
        sqlx::query!(
            "delete from fetched_piece where list_id = $1 and job_id = $2 and attempt < $3",
            file.file.list_id,
            file.claim.job_id,
            file.claim.attempt,
        )
        .execute(&self.bulk)
        .await?;
        Ok(())
    }

    /// Keeps the piece with this number, from 0; some hundred kilobytes make a good one.
    ///
    /// # Errors
    /// If the job is someone else's by now, or the database failed us.
    pub async fn keep_fetched_piece(&self, file: &FileToFetch, number: i32, bytes: &[u8]) -> Result<()> {
        let kept = sqlx::query!(
            "insert into fetched_piece (list_id, job_id, attempt, number, bytes)
             select j.list_id, j.job_id, j.attempt, $4, $5 from job j
             where j.job_id = $1 and job_is_mine(j, $2, $3)",
            file.claim.job_id,
            file.claim.attempt,
            file.claim.owner,
            number,
            bytes,
        );
        match kept.execute(&self.pool).await?.rows_affected() {
            1 => Ok(()),
            _ => Err(Error::Fault("the fetch is no longer this worker's".to_owned())),
        }
    }

    /// Passes the file on to its load; false if the job was someone else's by then.
    pub async fn finish_fetch(&self, claim: Claim, pieces: i32, bytes: u64) -> Result<bool> {
        let done = sqlx::query_scalar!(
            r#"select finish_fetch($1, $2, $3, $4, $5) as "done!""#,
            claim.job_id,
            claim.attempt,
            claim.owner,
            pieces,
            bytes.cast_signed(),
        );
        Ok(done.fetch_one(&self.pool).await?)
    }

    /// Goes on from the fetch to the load, by the same claim; `None` if another file of the list is being loaded, or the
    /// job is someone else's by now.
    pub async fn begin_load(&self, file: &FileToFetch) -> Result<Option<FileToLoad>> {
        let begun = sqlx::query!(
            "update job j set lane = 'load_file' where j.job_id = $1 and job_is_mine(j, $2, $3)",
            file.claim.job_id,
            file.claim.attempt,
            file.claim.owner,
        );
        let is_begun = match begun.execute(&self.pool).await {
            Ok(done) => done.rows_affected() == 1,
            Err(error) if is_lost_race(&error) => false,
            Err(error) => return Err(error.into()),
        };
        Ok(is_begun.then_some(FileToLoad {
            claim: file.claim,
            file: file.file,
            key: file.key,
            source: LoadSource::Unfetched,
            dry_run: file.dry_run,
        }))
    }

    /// Sends the load back to have its file fetched again: its pieces are gone with a crash of the database.
    pub async fn fetch_again(&self, claim: Claim) -> Result<()> {
        sqlx::query!(
            "select fetch_again($1, $2, $3)",
            claim.job_id,
            claim.attempt,
            claim.owner
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Whether the fetched pieces are all there.
    pub async fn is_fetched(&self, claim: Claim, file: FileRef, fetched: FetchedFile) -> Result<bool> {
        let pieces = sqlx::query_scalar!(
            r#"select count(*) as "pieces!" from fetched_piece
               where list_id = $1 and job_id = $2 and attempt = $3"#,
            file.list_id,
            claim.job_id,
            fetched.attempt,
        );
        Ok(pieces.fetch_one(&self.pool).await? == i64::from(fetched.pieces))
    }

    /// The pieces in their order, one at a time in memory. One that is missing is an error.
    pub fn fetched_pieces(
        &self,
        claim: Claim,
        file: FileRef,
        fetched: FetchedFile,
    ) -> BoxStream<'_, Result<Bytes>> {
        let pieces = stream::iter(0..fetched.pieces).then(move |number| async move {
            let piece = sqlx::query_scalar!(
                "select bytes from fetched_piece
                 where list_id = $1 and job_id = $2 and attempt = $3 and number = $4",
                file.list_id,
                claim.job_id,
                fetched.attempt,
                number,
            );
            Ok(Bytes::from(piece.fetch_one(&self.pool).await?))
        });
        pieces.into_stream().boxed()
    }

    /// Removes the pieces of a file: its load has ended, or its fetch has failed.
    pub async fn forget_fetched(&self, claim: Claim, file: FileRef) -> Result<()> {
        sqlx::query!(
            "delete from fetched_piece where list_id = $1 and job_id = $2",
            file.list_id,
            claim.job_id
        )
        .execute(&self.bulk)
        .await?;
        Ok(())
    }

    /// Removes the pieces of loads that ended elsewhere: their file was deleted, their list archived, their process
    /// killed at the very end.
    pub async fn forget_orphaned_fetches(&self) -> Result<()> {
        sqlx::query!(
            "delete from fetched_piece p
             where not exists (select from job j where j.job_id = p.job_id and j.state in ('ready', 'running'))"
        )
        .execute(&self.bulk)
        .await?;
        Ok(())
    }
}
