//! Coupon files: one file per verb.

mod callback;
pub(crate) mod delete;
pub(crate) mod fetch;
pub(crate) mod fetch_all;
pub(crate) mod progress;
mod shown;
pub(crate) mod upload;
pub(crate) mod upload_by_hand;

pub use callback::callback_body;
pub(crate) use delete::delete;
pub(crate) use fetch::fetch;
pub(crate) use fetch_all::fetch_all;
pub(crate) use progress::progress;
pub(crate) use upload::upload;
pub(crate) use upload_by_hand::upload_by_hand;
