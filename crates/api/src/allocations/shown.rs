//! An allocation as the API shows it.

use domain::{AllocationId, instant_with_zone};
use serde::Serialize;
use storage::{Allocation, AllocationOutcome, AllocationRequest, ListRef, Recorded};
use utoipa::ToSchema;

use crate::{error::ApiError, openapi::texts, words::words};

/// A code and whose it is.
#[derive(Serialize, ToSchema)]
#[schema(as = Allocation)]
pub(crate) struct ShownAllocation {
    #[schema(value_type = texts::AllocationId)]
    _id: String,
    #[schema(value_type = texts::Id)]
    coupon_list_id: String,
    #[schema(min_length = 1, max_length = 255, examples("BF20-WERT-NBVC"))]
    coupon_code: String,
    /// Null once the person has been erased.
    #[schema(value_type = Option<texts::ExternalId>, required = true)]
    user_id: Option<String>,
    #[schema(value_type = Option<texts::ExternalId>, required = true)]
    request_id: Option<String>,
    #[schema(value_type = Option<texts::ExternalId>, required = true)]
    campaign_id: Option<String>,
    status: ShownStatus,
    #[schema(value_type = texts::Instant)]
    allocated_at: String,
    /// When a held code goes back.
    #[schema(value_type = Option<texts::Instant>, required = true)]
    held_until: Option<String>,
}

words! {
    /// The states of an allocation. A held code goes back by itself unless it is confirmed.
    #[schema(as = AllocationStatus)]
    #[serde(rename_all = "UPPERCASE")]
    pub(crate) enum ShownStatus of domain::AllocationStatus {
        Allocated,
        Held,
        Released,
        Redeemed,
    }
}

impl ShownAllocation {
    fn new(list: &ListRef, request: AllocationRequest, allocation: Allocation) -> Self {
        Self {
            _id: AllocationId::encode(allocation.position, list.key),
            coupon_list_id: list.public_id.to_string(),
            coupon_code: allocation.code,
            user_id: Some(request.user_id.into_string()),
            request_id: request.request_id.map(domain::ExternalId::into_string),
            campaign_id: request.campaign.map(|campaign| campaign.id.as_str().to_owned()),
            status: allocation.status.into(),
            allocated_at: instant_with_zone(allocation.allocated_at),
            held_until: allocation.held_until.map(instant_with_zone),
        }
    }

    pub(crate) fn code(&self) -> &str {
        &self.coupon_code
    }

    /// As the ledger has it.
    pub(crate) fn recorded(list: &ListRef, recorded: Recorded) -> Self {
        let allocation = recorded.allocation;
        Self {
            _id: AllocationId::encode(allocation.position, list.key),
            coupon_list_id: list.public_id.to_string(),
            coupon_code: allocation.code,
            user_id: recorded.user_id,
            request_id: recorded.request_id,
            campaign_id: recorded.campaign_id,
            status: allocation.status.into(),
            allocated_at: instant_with_zone(allocation.allocated_at),
            held_until: allocation.held_until.map(instant_with_zone),
        }
    }
}

/// An outcome with a code in it.
pub(crate) enum Served {
    New(ShownAllocation),
    Repeat(ShownAllocation),
}

/// What a recipient is answered. The request of a repeat is the one of the first time, as far as it is shown: another
/// user or campaign would have been a conflict, another request id another key.
pub(crate) fn served(
    list: &ListRef,
    request: AllocationRequest,
    outcome: AllocationOutcome,
) -> Result<Served, ApiError> {
    match outcome {
        AllocationOutcome::New(allocation) => {
            Ok(Served::New(ShownAllocation::new(list, request, allocation)))
        }
        AllocationOutcome::Repeat(allocation) => {
            Ok(Served::Repeat(ShownAllocation::new(list, request, allocation)))
        }
        AllocationOutcome::Conflict => Err(ApiError::RequestConflict),
        AllocationOutcome::Released => Err(ApiError::AllocationReleased),
        AllocationOutcome::ListNotActive => Err(ApiError::ListNotActive),
        AllocationOutcome::Exhausted => Err(ApiError::CouponsExhausted),
        AllocationOutcome::Paused => Err(ApiError::AllocationPaused),
    }
}
