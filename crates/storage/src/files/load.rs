//! A load's writes: every one carries the job's fencing token, so that a worker that lost its lease changes nothing.

use domain::{BasicAuth, CodesPerBlock, FileUrl, FingerprintKey, LoadFailure, RejectedFor, Rejection};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sqlx::types::Json;

use crate::{
    Block, Claim, Error, FetchedFile, FileToFetch, Result, Stage, Storage, Upload, copy, files::FileRef,
    files::upload::SentFile, lists::fingerprint_key,
};

/// A file whose load the caller has claimed.
#[derive(Debug, Clone)]
pub struct FileToLoad {
    pub claim: Claim,
    pub file: FileRef,
    pub key: FingerprintKey,
    pub source: LoadSource,
    /// Nothing of it is published: it is only told what would be.
    pub dry_run: bool,
}

/// Where the bytes of a file to be loaded are.
#[derive(Debug, Clone, Copy)]
pub enum LoadSource {
    Fetched(FetchedFile),
    /// Not in the database: in the memory of the worker that fetched the file, or gone with it.
    Unfetched,
    Sent(Upload),
}

/// Where a new file comes from.
#[derive(Debug, Clone)]
pub enum FileSource {
    Hosted { url: FileUrl, auth: Option<BasicAuth> },
    Sent(Upload),
}

impl FileSource {
    /// The URL as it may be shown; a file that was sent has none.
    pub fn shown(&self) -> String {
        match self {
            Self::Hosted { url, .. } => url.shown(),
            Self::Sent(_) => String::new(),
        }
    }
}

/// What a load's job keeps.
#[derive(Deserialize)]
pub(crate) struct LoadPayload {
    #[serde(default)]
    dry_run: bool,
    #[serde(flatten)]
    source: Source,
}

/// The same as the file's source.
#[derive(Deserialize)]
#[serde(untagged)]
enum Source {
    Hosted {
        url: String,
        username: Option<String>,
        password: Option<SecretString>,
        fetched: Option<FetchedFile>,
    },
    Sent(SentFile),
}

impl FileToLoad {
    pub(crate) fn new(
        claim: Claim,
        list_id: i64,
        file_id: i64,
        key: &[u8],
        payload: LoadPayload,
    ) -> Result<Self> {
        let source = match payload.source {
            Source::Hosted { fetched, .. } => fetched.map_or(LoadSource::Unfetched, LoadSource::Fetched),
            Source::Sent(sent) => LoadSource::Sent(Upload::of_job(list_id, &sent)),
        };
        Ok(Self {
            claim,
            file: FileRef { list_id, file_id },
            key: fingerprint_key(key)?,
            source,
            dry_run: payload.dry_run,
        })
    }
}

impl FileToFetch {
    pub(crate) fn new(
        claim: Claim,
        list_id: i64,
        file_id: i64,
        key: &[u8],
        payload: LoadPayload,
    ) -> Result<Self> {
        let unreadable = || Error::Fault("a stored file URL cannot be read".to_owned());
        let Source::Hosted {
            url,
            username,
            password,
            ..
        } = payload.source
        else {
            return Err(unreadable());
        };
        Ok(Self {
            claim,
            file: FileRef { list_id, file_id },
            key: fingerprint_key(key)?,
            dry_run: payload.dry_run,
            url: FileUrl::new(&url).map_err(|_| unreadable())?,
            auth: username.map(|username| BasicAuth {
                username,
                password: password.unwrap_or_else(|| SecretString::from("")),
            }),
        })
    }
}

/// What a load left out, for the file's owner to see.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LoadCounts {
    /// All of them.
    pub duplicates: u64,
    /// Those that the file itself repeats.
    pub duplicates_in_file: u64,
    /// Those that the list had once, of files that are gone; the others are in it.
    pub duplicates_from_before: u64,
    pub rejected: u64,
    pub rejected_for: Vec<RejectedFor>,
    /// The first rejected rows, at most [`domain::MAX_NAMED_REJECTIONS`].
    pub rejections: Vec<Rejection>,
    /// Of all rejected rows as [`Storage::keep_rejections`] has kept them.
    pub rejections_bytes: Option<u64>,
    /// Codes that hold something that cannot be seen.
    pub unseen: u64,
    /// Of a file without a header. It may be a code.
    pub first_line: Option<String>,
}

/// How a load ended. Where the list could not take it, the file has failed, and the reason is booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "publish_file_outcome", rename_all = "kebab-case")]
pub enum PublishFileOutcome {
    /// The codes may be handed out.
    Published,
    /// The job is someone else's by now, or nobody's: nothing was changed.
    Stale,
    ListArchived,
    ListExpired,
    /// It would hold more codes than it may.
    ListFull,
}

impl Storage {
    /// Shows how far the load has come.
    pub async fn report_progress(
        &self,
        claim: Claim,
        file: FileRef,
        stage: Stage,
        bytes_read: u64,
        bytes_expected: Option<u64>,
    ) -> Result<()> {
        sqlx::query!(
            "select report_progress($1, $2, $3, $4, $5, $6, $7, $8)",
            claim.job_id,
            claim.attempt,
            claim.owner,
            file.list_id,
            file.file_id,
            stage.as_str(),
            bytes_read.cast_signed(),
            bytes_expected.map(u64::cast_signed),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Writes the file's blocks, by binary `COPY`, under the unpublished file: nobody sees them until it is published.
    /// What an interrupted load left there is removed first. Two workers that write one file at a time meet at the
    /// primary key of its first block, and one of them fails. Writes nothing if the job is no longer the caller's.
    pub async fn write_blocks(
        &self,
        file: &FileToLoad,
        blocks: impl Iterator<Item = Block> + Send,
    ) -> Result<()> {
        if !self.is_ours(file).await? {
            return Ok(());
        }
        self.remove_unpublished(file).await?;
        copy::write_blocks(&self.pool, file, blocks).await
    }

    /// Ends the load: from the answer on the file's codes may be handed out. A dry run, of which no block was written, only
    /// notes how many there would be.
    pub async fn publish(
        &self,
        file: &FileToLoad,
        added: u64,
        codes_per_block: CodesPerBlock,
        counts: &LoadCounts,
        most_codes: i64,
    ) -> Result<PublishFileOutcome> {
        let outcome = sqlx::query_scalar!(
            r#"select publish_file($1, $2, $3, $4, $5, $6, $7) as "outcome!""#,
            file.claim.job_id,
            file.claim.attempt,
            file.claim.owner,
            added.cast_signed(),
            codes_per_block.get().cast_signed(),
            Json(counts) as _,
            most_codes,
        )
        .fetch_one(&self.pool)
        .await?;
        if outcome != PublishFileOutcome::Published {
            self.remove_orphaned(file).await?;
        }
        Ok(outcome)
    }

    /// Ends the load without a code; false if the job was someone else's by then.
    pub async fn fail_load(&self, claim: Claim, failure: &LoadFailure, counts: &LoadCounts) -> Result<bool> {
        let failed = sqlx::query_scalar!(
            r#"select fail_file($1, $2, $3, $4, $5) as "failed!""#,
            claim.job_id,
            claim.attempt,
            claim.owner,
            failure.to_string(),
            Json(counts) as _,
        );
        Ok(failed.fetch_one(&self.pool).await?)
    }

    async fn is_ours(&self, file: &FileToLoad) -> Result<bool> {
        let ours = sqlx::query_scalar!(
            r#"select exists (select from job j where j.job_id = $1 and job_is_mine(j, $2, $3)) as "ours!""#,
            file.claim.job_id,
            file.claim.attempt,
            file.claim.owner,
        );
        Ok(ours.fetch_one(&self.pool).await?)
    }

    async fn remove_unpublished(&self, file: &FileToLoad) -> Result<()> {
        sqlx::query!(
            "select remove_unpublished($1, $2, $3, $4, $5)",
            file.claim.job_id,
            file.claim.attempt,
            file.claim.owner,
            file.file.list_id,
            file.file.file_id,
        )
        .execute(&self.bulk)
        .await?;
        Ok(())
    }

    /// Blocks of a file that has failed or was deleted while it loaded belong to nobody.
    async fn remove_orphaned(&self, file: &FileToLoad) -> Result<()> {
        sqlx::query!(
            "delete from block b using coupon_file f
             where b.list_id = $1 and b.file_id = $2 and f.list_id = $1 and f.file_id = $2
               and (f.status = 'FAILED' or f.status = 'PENDING' and f.deleted_at is not null)",
            file.file.list_id,
            file.file.file_id,
        )
        .execute(&self.bulk)
        .await?;
        Ok(())
    }
}
