//! Coupon files: one file per verb.

mod callback;
pub(crate) mod delete;
pub(crate) mod fetch;
pub(crate) mod fetch_all;
pub(crate) mod progress;
pub(crate) mod quarantine;
mod received;
pub(crate) mod recipients;
pub(crate) mod reissue;
mod shown;
pub(crate) mod upload;
pub(crate) mod upload_by_hand;

pub use callback::callback_body;
pub(crate) use delete::delete;
pub(crate) use fetch::fetch;
pub(crate) use fetch_all::fetch_all;
pub(crate) use progress::progress;
pub(crate) use quarantine::{quarantine, resume};
pub(crate) use recipients::recipients;
pub(crate) use reissue::reissue;
pub(crate) use upload::upload;
pub(crate) use upload_by_hand::upload_by_hand;
