//! An allocation as the API shows it.

use domain::{AllocationId, instant_with_zone};
use serde::Serialize;
use storage::{Allocation, AllocationOutcome, AllocationRequest, ListRef};

use crate::error::ApiError;

#[derive(Serialize)]
pub(super) struct ShownAllocation {
    _id: String,
    coupon_list_id: String,
    coupon_code: String,
    user_id: String,
    request_id: Option<String>,
    campaign_id: Option<String>,
    status: &'static str,
    allocated_at: String,
    held_until: Option<String>,
}

impl ShownAllocation {
    fn new(list: &ListRef, request: AllocationRequest, allocation: Allocation) -> Self {
        Self {
            _id: AllocationId::encode(allocation.position, list.key),
            coupon_list_id: list.public_id.to_string(),
            coupon_code: allocation.code,
            user_id: request.user_id.into_string(),
            request_id: request.request_id.map(domain::ExternalId::into_string),
            campaign_id: request.campaign.map(|campaign| campaign.id.as_str().to_owned()),
            status: allocation.status.as_str(),
            allocated_at: instant_with_zone(allocation.allocated_at),
            held_until: allocation.held_until.map(instant_with_zone),
        }
    }
}

/// An outcome with a code in it.
pub(super) enum Served {
    New(ShownAllocation),
    Repeat(ShownAllocation),
}

/// What a recipient is answered. The request of a repeat is the one of the first time, as far as it is shown: another
/// user or campaign would have been a conflict, another request id another key.
pub(super) fn served(
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
    }
}
