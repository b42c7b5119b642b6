//! A bulk action as the API shows it.

use domain::{ExternalId, instant_with_zone};
use serde::Serialize;
use storage::{BulkAction, ListRef};
use utoipa::ToSchema;

use crate::{allocations::shown::ShownStatus as ShownHandOut, openapi::texts, words::words};

words! {
    /// What is done to each hand-out.
    #[schema(as = BulkActionKind)]
    #[serde(rename_all = "lowercase")]
    enum ShownKind of storage::BulkActionKind {
        Confirm,
        Release,
        Disable,
    }
}

words! {
    /// The states of a bulk action. It is `PENDING` until all hand-outs have been looked at, or cannot be.
    #[schema(as = BulkActionStatus)]
    #[serde(rename_all = "UPPERCASE")]
    enum ShownStatus of storage::BulkActionStatus {
        Pending,
        Done,
        Failed,
    }
}

/// Which hand-outs are meant; what is null does not matter.
#[derive(Serialize, ToSchema)]
#[schema(as = BulkActionFilter)]
struct ShownFilter {
    #[schema(value_type = Option<texts::ExternalId>, required = true)]
    user_id: Option<String>,
    /// It was one user's hand-outs, of a person who has been erased since.
    user_erased: bool,
    #[schema(value_type = Option<texts::ExternalId>, required = true)]
    campaign_id: Option<String>,
    #[schema(value_type = Option<texts::Id>, required = true)]
    file_id: Option<String>,
    #[schema(required = true)]
    status: Option<ShownHandOut>,
    #[schema(value_type = Option<texts::Instant>, required = true)]
    from: Option<String>,
    /// At latest when it was asked for.
    #[schema(value_type = Option<texts::Instant>, required = true)]
    until: Option<String>,
}

/// A bulk action and how far it has come.
#[derive(Serialize, ToSchema)]
#[schema(as = BulkAction)]
pub(super) struct ShownBulkAction {
    #[schema(value_type = texts::Id)]
    _id: String,
    #[schema(value_type = texts::Id)]
    coupon_list_id: String,
    action: ShownKind,
    filter: ShownFilter,
    status: ShownStatus,
    /// Why it failed; null if it did not. What was changed before stays changed.
    #[schema(required = true)]
    reason: Option<String>,
    /// Hand-outs that the filter took so far.
    matched: i64,
    /// Those of them that were changed: the others were given back, redeemed or disabled already, or there was nothing to do.
    changed: i64,
    #[schema(value_type = texts::Instant)]
    created_at: String,
    #[schema(value_type = Option<texts::Instant>, required = true)]
    ended_at: Option<String>,
}

impl ShownBulkAction {
    pub(super) fn new(list: &ListRef, action: BulkAction) -> Self {
        let filter = action.filter;
        Self {
            _id: action.public_id.to_string(),
            coupon_list_id: list.public_id.to_string(),
            action: action.kind.into(),
            filter: ShownFilter {
                user_id: filter.user_id.map(ExternalId::into_string),
                user_erased: action.of_erased,
                campaign_id: filter.campaign_id.map(ExternalId::into_string),
                file_id: filter.file.map(|file| file.to_string()),
                status: filter.status.map(Into::into),
                from: filter.from.map(instant_with_zone),
                until: filter.until.map(instant_with_zone),
            },
            status: action.status.into(),
            reason: action.failure,
            matched: action.matched,
            changed: action.changed,
            created_at: instant_with_zone(action.created_at),
            ended_at: action.ended_at.map(instant_with_zone),
        }
    }
}
