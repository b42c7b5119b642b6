//! How much there is, and for how long: one file per question.

pub(crate) mod capacity_check;
pub(crate) mod fetch;
pub(crate) mod forecast;
pub(crate) mod hand_outs;
