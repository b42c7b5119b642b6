//! `/v1/coupon-list/{coupon_list_id}/allocations`

mod batch;
mod holds;
mod single;
