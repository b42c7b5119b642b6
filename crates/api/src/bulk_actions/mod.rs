//! One action on all hand-outs that a filter takes: one file per verb.

pub(crate) mod fetch;
pub(crate) mod fetch_all;
pub(crate) mod request;
mod shown;
