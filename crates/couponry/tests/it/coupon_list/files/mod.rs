//! `/v1/coupon-list/{coupon_list_id}/files`

mod contents;
mod delete;
mod fetch_all;
mod fetch_one;
mod fetching;
mod hosts;
mod progress;
mod quarantine;
mod recipients;
mod reissue;
mod upload;
mod upload_by_hand;
