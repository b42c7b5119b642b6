//! Coupon lists: one file per verb.

mod activate;
mod alerts;
mod archive;
mod create;
mod fetch;
mod fetch_all;
mod shown;
mod update;

pub(crate) use activate::activate;
pub(crate) use archive::archive;
pub(crate) use create::create;
pub(crate) use fetch::fetch;
pub(crate) use fetch_all::fetch_all;
pub(crate) use update::update;
