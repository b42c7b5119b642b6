//! Coupon lists: one file per verb.

pub(crate) mod activate;
mod alerts;
pub(crate) mod archive;
pub(crate) mod create;
pub(crate) mod fetch;
pub(crate) mod fetch_all;
mod shown;
pub(crate) mod update;
