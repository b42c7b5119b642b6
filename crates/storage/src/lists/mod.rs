//! Coupon lists.

mod change;
mod create;
mod forecast;
mod pull_tokens;
mod pulse;
mod read;
mod stock;

use domain::{AlertConditions, AlertPatch, FingerprintKey, Label, ListStatus, Name, PublicId, Subscribers};
use jiff::Timestamp;

pub use self::{
    forecast::{HandedOut, Pace},
    pull_tokens::{LinkedToken, PullToken},
    pulse::Pulse,
    stock::Stock,
};
use crate::{Error, Result};

/// A list that exists and belongs to the workspace that asked: what every call about a list takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListRef {
    pub(crate) workspace_id: i64,
    pub(crate) list_id: i64,
    pub public_id: PublicId,
    pub key: FingerprintKey,
}

/// A list as it is read.
#[derive(Debug, Clone)]
pub struct CouponList {
    pub public_id: PublicId,
    pub name: String,
    pub label: String,
    /// By the clock: a list past its expiry is `EXPIRED` whether or not that has been carried out.
    pub status: ListStatus,
    pub expires_at: Timestamp,
    pub created_by: String,
    pub subscribers: Vec<String>,
    pub alerts: AlertConditions,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub total: i64,
    pub available: i64,
}

/// A list to be made.
#[derive(Debug, Clone)]
pub struct NewList {
    pub name: Name,
    pub label: Label,
    pub expires_at: Timestamp,
    pub created_by: Name,
    pub subscribers: Subscribers,
    pub alerts: AlertConditions,
}

/// What became of a new list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreateList {
    Created(PublicId),
    Refused(CreateListRefusal),
}

/// Why a list was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "create_list_refusal", rename_all = "kebab-case")]
pub enum CreateListRefusal {
    DuplicateName,
    DuplicateLabel,
    /// Its expiry has passed.
    Expired,
    /// The workspace has as many as it may have.
    TooMany,
    /// The idempotency key was used for another list.
    KeyReused,
}

/// A part of a long answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Page {
    /// Absent: all.
    pub limit: Option<i64>,
    pub offset: i64,
}

/// Which lists are wanted.
#[derive(Debug, Clone, Default)]
pub struct ListQuery {
    pub status: Option<ListStatus>,
    /// A part of the name or the label, in whatever case.
    pub search: Option<String>,
    pub page: Page,
}

/// What a patch names; the rest stays.
#[derive(Debug, Clone, Default)]
pub struct ListChange {
    pub name: Option<Name>,
    pub expires_at: Option<Timestamp>,
    pub subscribers: Option<Subscribers>,
    pub alerts: Option<AlertPatch>,
}

/// What became of a patch; unless `Updated`, nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "update_list_outcome", rename_all = "kebab-case")]
pub enum UpdateListOutcome {
    Updated,
    DuplicateName,
    /// The list's expiry, after the patch, has passed.
    Expired,
    /// The alert about expiry is on, and needs that number.
    DaysBeforeMissing,
    /// The alert about a shortage is on, and needs that number.
    ThresholdCountMissing,
}

/// What became of an activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "activate_list_outcome", rename_all = "kebab-case")]
pub enum ActivateListOutcome {
    Activated,
    /// The new expiry has passed; nothing was changed.
    Expired,
}

pub(crate) fn fingerprint_key(bytes: &[u8]) -> Result<FingerprintKey> {
    bytes
        .try_into()
        .map(FingerprintKey::from_bytes)
        .map_err(|_| Error::Fault("a list's fingerprint key is not 16 bytes".to_owned()))
}
