//! Who got what.

pub(crate) mod export;
pub(crate) mod fetch_all;
pub(crate) mod filter;

use askama::filters::Safe;
use domain::AllocationStatus;
use storage::{ListRef, Recorded};

use super::codes::code_path;
use crate::{Console, shown, visitor::Visitor};

/// A hand-out as it stands now.
pub(crate) struct HandOut {
    pub(crate) code: String,
    pub(crate) code_path: String,
    /// None once the person has been erased.
    pub(crate) user: Option<String>,
    pub(crate) request: Option<String>,
    pub(crate) campaign: Option<String>,
    pub(crate) state: (&'static str, &'static str),
    pub(crate) at: Safe<String>,
    pub(crate) held_until: Option<Safe<String>>,
}

impl HandOut {
    pub(crate) fn new(console: &Console, visitor: &Visitor, list: &ListRef, recorded: Recorded) -> Self {
        let allocation = recorded.allocation;
        Self {
            code_path: code_path(visitor, list, &allocation.code),
            state: match allocation.status {
                AllocationStatus::Allocated => ("handed out", "good"),
                AllocationStatus::Held => ("held", "warn"),
                AllocationStatus::Released => ("given back", "ended"),
                AllocationStatus::Redeemed => ("redeemed", "ended"),
            },
            at: shown::time(allocation.allocated_at, &console.zone),
            held_until: allocation.held_until.map(|at| shown::time(at, &console.zone)),
            user: recorded.user_id,
            request: recorded.request_id,
            campaign: recorded.campaign_id,
            code: allocation.code,
        }
    }
}
