//! Coupon files: one file per verb.

mod callback;
mod delete;
mod fetch;
mod fetch_all;
mod progress;
mod shown;
mod upload;
mod upload_by_hand;

pub use callback::callback_body;
pub(crate) use delete::delete;
pub(crate) use fetch::fetch;
pub(crate) use fetch_all::fetch_all;
pub(crate) use progress::progress;
pub(crate) use upload::upload;
pub(crate) use upload_by_hand::upload_by_hand;
