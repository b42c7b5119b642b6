//! Coupon files: one file per verb.

mod delete;
mod fetch;
mod fetch_all;
mod progress;
mod shown;
mod upload;

pub(crate) use delete::delete;
pub(crate) use fetch::fetch;
pub(crate) use fetch_all::fetch_all;
pub(crate) use progress::progress;
pub(crate) use upload::upload;
