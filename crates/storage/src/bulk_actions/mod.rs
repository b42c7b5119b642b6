//! One action on all of a list's hand-outs that a filter takes, as a job.

mod perform;
mod read;
mod request;

use domain::PublicId;
use jiff::Timestamp;
use serde::Deserialize;

use crate::{Claim, HandOutFilter};

/// What is done to each hand-out that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkActionKind {
    /// Holds last from then on.
    Confirm,
    /// It is given back to the pool.
    Release,
    /// Its code is never handed out again.
    Disable,
}

impl BulkActionKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirm => "CONFIRM",
            Self::Release => "RELEASE",
            Self::Disable => "DISABLE",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkActionStatus {
    Pending,
    Done,
    Failed,
}

/// An action as it is read.
#[derive(Debug, Clone)]
pub struct BulkAction {
    pub public_id: PublicId,
    pub kind: BulkActionKind,
    pub filter: HandOutFilter,
    /// It was on the hand-outs of a person who has been erased since: the filter does not say so any more.
    pub of_erased: bool,
    pub status: BulkActionStatus,
    pub failure: Option<String>,
    /// Hand-outs that the filter took so far, and those of them that were changed.
    pub matched: i64,
    pub changed: i64,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// An action whose job the caller has claimed.
#[derive(Debug, Clone, Copy)]
pub struct BulkActionToPerform {
    pub claim: Claim,
    pub(crate) list_id: i64,
    pub(crate) bulk_action_id: i64,
}

/// As the job keeps it.
#[derive(Deserialize)]
pub(crate) struct BulkActionPayload {
    bulk_action_id: i64,
}

impl BulkActionToPerform {
    pub(crate) fn new(claim: Claim, list_id: i64, payload: BulkActionPayload) -> Self {
        Self {
            claim,
            list_id,
            bulk_action_id: payload.bulk_action_id,
        }
    }
}
