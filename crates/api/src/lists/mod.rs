//! Coupon lists: one file per verb.

pub(crate) mod activate;
mod alerts;
pub(crate) mod archive;
pub(crate) mod create;
pub(crate) mod fetch;
pub(crate) mod fetch_all;
mod shown;
pub(crate) mod update;

pub(crate) use activate::activate;
pub(crate) use archive::archive;
pub(crate) use create::create;
pub(crate) use fetch::fetch;
pub(crate) use fetch_all::fetch_all;
pub(crate) use update::update;
