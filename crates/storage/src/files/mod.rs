//! Coupon files: what a client sees of them.

mod add;
mod callback;
mod dry_run;
mod fetch;
pub(crate) mod load;
mod progress;
mod purge;
mod rejections;
pub(crate) mod upload;

use domain::{FileStatus, PublicId, RejectedFor, Rejection};
use jiff::Timestamp;
use sqlx::types::Json;

pub use self::{
    add::{AddFile, AddFileRefusal, NewFile},
    callback::{Callback, CallbackToMake},
    fetch::{FetchedFile, FileToFetch},
    load::{FileSource, FileToLoad, LoadCounts, LoadSource, PublishFileOutcome},
    progress::{Progress, Stage},
    rejections::{KeptRejections, Rejections},
    upload::Upload,
};
use crate::{Error, ListRef, Page, Result, Storage};

/// A file that exists in a list, as the load knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileRef {
    pub(crate) list_id: i64,
    pub(crate) file_id: i64,
}

/// What a dry run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DryRun {
    /// Codes that the list would get; none if the file failed, or is still looked at.
    pub would_add: i64,
}

/// A file as it is read.
#[derive(Debug, Clone)]
pub struct CouponFile {
    pub public_id: PublicId,
    pub name: String,
    /// As it may be shown, without a signature.
    pub file_url: String,
    pub created_by: String,
    pub callback_url: Option<String>,
    pub status: FileStatus,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// New codes of this file.
    pub added: i64,
    /// Nothing of the file is published: it is only told what would be.
    pub dry_run: Option<DryRun>,
    /// Rows whose code the list had already, or the file itself.
    pub duplicates: i64,
    /// Those that the file itself repeats.
    pub duplicates_in_file: i64,
    /// Those that the list had once, of files that are gone; the others are in it.
    pub duplicates_from_before: i64,
    /// Rows left out.
    pub rejected: i64,
    /// How many for each reason.
    pub rejected_for: Vec<RejectedFor>,
    /// The first of them, by line.
    pub rejections: Vec<Rejection>,
    /// Why the file failed.
    pub failure: Option<String>,
    /// Of a file that has no header. It may be a code: for the eyes of the workspace, not for mails and callbacks.
    pub first_line: Option<String>,
    /// Codes that hold something that cannot be seen.
    pub unseen: i64,
    /// Basic credentials were given for a plain http URL.
    pub credentials_in_clear: bool,
    /// Since when none of its codes goes out.
    pub quarantined_at: Option<Timestamp>,
}

/// Rows of `coupon_file`, by a condition on them.
macro_rules! select_files {
    ($condition:tt, $($argument:expr),+) => {
        sqlx::query_as!(
            FileRow,
            r#"select public_id, name, file_url, created_by, callback_url, status, created_at, updated_at, added,
                      dry_run, would_add, duplicates, duplicates_in_file, duplicates_from_before, rejected,
                      rejected_for as "rejected_for: Json<Vec<RejectedFor>>",
                      rejections as "rejections: Json<Vec<Rejection>>", failure, first_line, unseen, credentials_in_clear,
                      quarantined_at
               from coupon_file where "# + $condition,
            $($argument),+
        )
    };
}
use select_files;

impl Storage {
    pub async fn file(&self, list: &ListRef, id: PublicId) -> Result<Option<CouponFile>> {
        let row = select_files!(
            "list_id = $1 and public_id = $2 and deleted_at is null",
            list.list_id,
            id.as_bytes()
        );
        row.fetch_optional(self.pool.of(list.workspace_id))
            .await?
            .map(TryInto::try_into)
            .transpose()
    }

    /// A file as the work that follows its load knows it, also when it was deleted meanwhile.
    pub(crate) async fn file_by_id(&self, list_id: i64, file_id: i64) -> Result<CouponFile> {
        let row = select_files!("list_id = $1 and file_id = $2", list_id, file_id);
        row.fetch_one(&self.pool).await?.try_into()
    }

    /// The list's files that were not deleted, the newest first. Dry runs are none: see [`Storage::dry_runs`].
    pub async fn files(&self, list: &ListRef, page: Page) -> Result<Vec<CouponFile>> {
        let rows = select_files!(
            "list_id = $1 and deleted_at is null and not dry_run order by created_at desc, public_id limit $2 offset $3",
            list.list_id,
            page.limit,
            page.offset
        );
        rows.fetch_all(self.pool.of(list.workspace_id))
            .await?
            .into_iter()
            .map(TryInto::try_into)
            .collect()
    }

    /// Takes the file's free codes out of use, or stops its load. False if there is no such file (any more).
    pub async fn delete_file(&self, list: &ListRef, id: PublicId) -> Result<bool> {
        let deleted = sqlx::query_scalar!(
            r#"select delete_file($1, $2) as "deleted!""#,
            list.list_id,
            id.as_bytes(),
        );
        Ok(deleted.fetch_one(self.pool.of(list.workspace_id)).await?)
    }

    /// Stops the file's codes, or lets them be handed out again. False if there is no such file (any more).
    pub async fn quarantine_file(&self, list: &ListRef, id: PublicId, quarantined: bool) -> Result<bool> {
        let done = sqlx::query_scalar!(
            r#"select quarantine_file($1, $2, $3) as "done!""#,
            list.list_id,
            id.as_bytes(),
            quarantined,
        );
        Ok(done.fetch_one(self.pool.of(list.workspace_id)).await?)
    }

    /// Whether the file's codes are stopped; `None` if there is no such file (any more).
    pub async fn is_quarantined(&self, list: &ListRef, id: PublicId) -> Result<Option<bool>> {
        let quarantined = sqlx::query_scalar!(
            r#"select quarantined_at is not null as "quarantined!" from coupon_file
               where list_id = $1 and public_id = $2 and deleted_at is null"#,
            list.list_id,
            id.as_bytes(),
        );
        Ok(quarantined
            .fetch_optional(self.pool.of(list.workspace_id))
            .await?)
    }
}

struct FileRow {
    public_id: Vec<u8>,
    name: String,
    file_url: String,
    created_by: String,
    callback_url: Option<String>,
    status: String,
    created_at: jiff_sqlx::Timestamp,
    updated_at: jiff_sqlx::Timestamp,
    added: i64,
    dry_run: bool,
    would_add: Option<i64>,
    duplicates: i64,
    duplicates_in_file: i64,
    duplicates_from_before: i64,
    rejected: i64,
    rejected_for: Json<Vec<RejectedFor>>,
    rejections: Json<Vec<Rejection>>,
    failure: Option<String>,
    first_line: Option<String>,
    unseen: i64,
    credentials_in_clear: bool,
    quarantined_at: Option<jiff_sqlx::Timestamp>,
}

impl TryFrom<FileRow> for CouponFile {
    type Error = Error;

    fn try_from(row: FileRow) -> Result<Self> {
        Ok(Self {
            public_id: PublicId::try_from(row.public_id.as_slice())
                .map_err(|_| Error::Fault("a file's id cannot be read".to_owned()))?,
            status: status(&row.status)?,
            name: row.name,
            file_url: row.file_url,
            created_by: row.created_by,
            callback_url: row.callback_url,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
            added: row.added,
            dry_run: row.dry_run.then_some(DryRun {
                would_add: row.would_add.unwrap_or_default(),
            }),
            duplicates: row.duplicates,
            duplicates_in_file: row.duplicates_in_file,
            duplicates_from_before: row.duplicates_from_before,
            rejected: row.rejected,
            rejected_for: row.rejected_for.0,
            rejections: row.rejections.0,
            failure: row.failure,
            first_line: row.first_line,
            unseen: row.unseen,
            credentials_in_clear: row.credentials_in_clear,
            quarantined_at: row.quarantined_at.map(Into::into),
        })
    }
}

fn status(text: &str) -> Result<FileStatus> {
    [FileStatus::Pending, FileStatus::Success, FileStatus::Failed]
        .into_iter()
        .find(|status| status.as_str() == text)
        .ok_or_else(|| Error::Fault("a file's status cannot be read".to_owned()))
}
