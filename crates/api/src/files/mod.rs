//! Coupon files: one file per verb.

mod callback;
pub(crate) mod delete;
pub(crate) mod fetch;
pub(crate) mod fetch_all;
mod outcome;
pub(crate) mod progress;
pub(crate) mod quarantine;
pub(crate) mod received;
pub(crate) mod recipients;
pub(crate) mod reissue;
pub(crate) mod rejections;
mod shown;
pub(crate) mod upload;
pub(crate) mod upload_by_hand;

pub use callback::callback_body;
