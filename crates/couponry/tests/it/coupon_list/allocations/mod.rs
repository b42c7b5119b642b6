//! `/v1/coupon-list/{coupon_list_id}/allocations`

mod batch;
mod confirm;
mod fetch_all;
mod filter;
mod holds;
mod release;
mod single;
mod stream;
mod stream_connections;
mod stream_unread;
