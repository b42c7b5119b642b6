//! How far a load has come.

use domain::{FileStatus, PublicId};

use super::status;
use crate::{Error, ListRef, Result, Storage};

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

impl Storage {
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

fn stage(text: &str) -> Result<Stage> {
    Stage::ALL
        .into_iter()
        .find(|stage| stage.as_str() == text)
        .ok_or_else(|| Error::Fault("a file's stage cannot be read".to_owned()))
}
