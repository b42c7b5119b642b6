//! Another code for whoever has one of a bad file.

use std::sync::Arc;

use domain::{AllocationId, Campaign, ExternalId};

use super::{AllocationRequest, ledger::Recorded};
use crate::ListRef;

impl Recorded {
    /// The id of this hand-out, and the request for the one that replaces it. That id is the request's: asked for again, it is
    /// the same request. None where a person was erased: nobody is left to replace for.
    pub fn replacement(self, list: &ListRef) -> Option<(String, AllocationRequest)> {
        let replaces = AllocationId::encode(self.allocation.position, list.key);
        let campaign = self
            .campaign_id
            .and_then(|id| ExternalId::new(id).ok())
            .map(|id| Arc::new(Campaign::called(id)));
        let request = AllocationRequest {
            user_id: ExternalId::new(self.user_id?).ok()?,
            request_id: ExternalId::new(format!("reissue of {replaces}")).ok(),
            campaign,
            hold_seconds: None,
        };
        Some((replaces, request))
    }
}
