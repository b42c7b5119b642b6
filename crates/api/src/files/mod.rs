//! Coupon files: one file per verb.

pub(crate) mod delete;
pub(crate) mod fetch;
pub(crate) mod fetch_all;
pub(crate) mod progress;
mod shown;
pub(crate) mod upload;

pub(crate) use delete::delete;
pub(crate) use fetch::fetch;
pub(crate) use fetch_all::fetch_all;
pub(crate) use progress::progress;
pub(crate) use upload::upload;
