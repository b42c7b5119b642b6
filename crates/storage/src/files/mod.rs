//! Coupon files: what a client sees of them.

mod add;
mod callback;
mod fetch;
pub(crate) mod load;
mod purge;
pub(crate) mod upload;

use domain::{FileStatus, PublicId, Rejection};
use jiff::Timestamp;
use sqlx::types::Json;

pub use self::{
    add::{AddFile, AddFileRefusal, NewFile},
    callback::{Callback, CallbackToMake},
    fetch::{FetchedFile, FileToFetch},
    load::{FileSource, FileToLoad, LoadCounts, LoadSource, PublishFileOutcome},
    upload::Upload,
};
use crate::{Error, ListRef, Page, Result, Storage};

/// A file that exists in a list, as the load knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileRef {
    pub(crate) list_id: i64,
    pub(crate) file_id: i64,
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
    /// Rows whose code the list had already, or the file itself.
    pub duplicates: i64,
    /// Rows left out.
    pub rejected: i64,
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
}

/// What a load is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Waiting,
    Downloading,
    Sorting,
    Comparing,
    Storing,
    Done,
}

impl Stage {
    const ALL: [Self; 6] = [
        Self::Waiting,
        Self::Downloading,
        Self::Sorting,
        Self::Comparing,
        Self::Storing,
        Self::Done,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Downloading => "downloading",
            Self::Sorting => "sorting",
            Self::Comparing => "comparing",
            Self::Storing => "storing",
            Self::Done => "done",
        }
    }
}

/// How far a load has come.
#[derive(Debug, Clone)]
pub struct Progress {
    pub status: FileStatus,
    pub stage: Stage,
    /// As the host announced it.
    pub bytes_expected: Option<i64>,
    pub bytes_read: i64,
}

macro_rules! select_files {
    ($condition:tt, $($argument:expr),+) => {
        sqlx::query_as!(
            FileRow,
            r#"select public_id, name, file_url, created_by, callback_url, status, created_at, updated_at, added,
                      duplicates, rejected, rejections as "rejections: Json<Vec<Rejection>>", failure,
                      first_line, unseen, credentials_in_clear
               from coupon_file where "# + $condition,
            $($argument),+
        )
    };
}

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

    /// The list's files that were not deleted, the newest first.
    pub async fn files(&self, list: &ListRef, page: Page) -> Result<Vec<CouponFile>> {
        let rows = select_files!(
            "list_id = $1 and deleted_at is null order by created_at desc, public_id limit $2 offset $3",
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

    pub async fn progress(&self, list: &ListRef, id: PublicId) -> Result<Option<Progress>> {
        let row = sqlx::query!(
            "select status, stage, bytes_expected, bytes_read from coupon_file
             where list_id = $1 and public_id = $2 and deleted_at is null",
            list.list_id,
            id.as_bytes(),
        );
        let Some(row) = row.fetch_optional(self.pool.of(list.workspace_id)).await? else {
            return Ok(None);
        };
        Ok(Some(Progress {
            status: status(&row.status)?,
            stage: stage(&row.stage)?,
            bytes_expected: row.bytes_expected,
            bytes_read: row.bytes_read,
        }))
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
    duplicates: i64,
    rejected: i64,
    rejections: Json<Vec<Rejection>>,
    failure: Option<String>,
    first_line: Option<String>,
    unseen: i64,
    credentials_in_clear: bool,
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
            duplicates: row.duplicates,
            rejected: row.rejected,
            rejections: row.rejections.0,
            failure: row.failure,
            first_line: row.first_line,
            unseen: row.unseen,
            credentials_in_clear: row.credentials_in_clear,
        })
    }
}

fn status(text: &str) -> Result<FileStatus> {
    [FileStatus::Pending, FileStatus::Success, FileStatus::Failed]
        .into_iter()
        .find(|status| status.as_str() == text)
        .ok_or_else(|| Error::Fault("a file's status cannot be read".to_owned()))
}

fn stage(text: &str) -> Result<Stage> {
    Stage::ALL
        .into_iter()
        .find(|stage| stage.as_str() == text)
        .ok_or_else(|| Error::Fault("a file's stage cannot be read".to_owned()))
}
