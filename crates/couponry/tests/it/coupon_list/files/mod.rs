//! `/v1/coupon-list/{coupon_list_id}/files`

mod contents;
mod delete;
mod dry_run;
mod fetch_all;
mod fetch_one;
mod fetching;
mod hosts;
mod progress;
mod quarantine;
mod recipients;
mod reissue;
mod rejections;
mod upload;
mod upload_by_hand;
