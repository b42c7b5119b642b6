//! What the database answers about a key, and what its asker hears of that.

use super::{Allocation, AllocationOutcome, AllocationRequest};

/// What the database answers about one key.
pub(super) enum KeyAnswer {
    /// It got a code in this call.
    Allocated(Allocation),
    Inactive,
    Exhausted,
    /// Nothing was asked for.
    Paused,
    /// The ledger had it before this call.
    Known {
        user_id: Option<String>,
        campaign_id: Option<String>,
        released: bool,
        allocation: Allocation,
    },
}

/// What a caller hears of its key. In this call it may be the first to name it, or be the same request as the first.
pub(super) fn outcome(
    answer: &KeyAnswer,
    request: &AllocationRequest,
    is_first: bool,
    is_same_as_first: bool,
) -> AllocationOutcome {
    match answer {
        KeyAnswer::Inactive => AllocationOutcome::ListNotActive,
        KeyAnswer::Exhausted => AllocationOutcome::Exhausted,
        KeyAnswer::Paused => AllocationOutcome::Paused,
        KeyAnswer::Allocated(allocation) if is_first => AllocationOutcome::New(allocation.clone()),
        KeyAnswer::Allocated(allocation) if is_same_as_first => AllocationOutcome::Repeat(allocation.clone()),
        KeyAnswer::Allocated(_) => AllocationOutcome::Conflict,
        KeyAnswer::Known {
            user_id,
            campaign_id: campaign,
            released,
            allocation,
        } => {
            let is_same = user_id.as_deref() == Some(request.user_id.as_str())
                && campaign.as_deref() == campaign_id(request);
            match (is_same, released) {
                (false, _) => AllocationOutcome::Conflict,
                (true, true) => AllocationOutcome::Released,
                (true, false) => AllocationOutcome::Repeat(allocation.clone()),
            }
        }
    }
}

/// Whether two requests with one key ask for the same.
pub(super) fn is_same(one: &AllocationRequest, other: &AllocationRequest) -> bool {
    one.user_id == other.user_id && campaign_id(one) == campaign_id(other)
}

fn campaign_id(request: &AllocationRequest) -> Option<&str> {
    request.campaign.as_ref().map(|campaign| campaign.id.as_str())
}
