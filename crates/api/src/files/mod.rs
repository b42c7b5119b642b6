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
