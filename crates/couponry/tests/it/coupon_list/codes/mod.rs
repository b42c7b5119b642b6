//! `/v1/coupon-list/{coupon_list_id}/codes`

mod disable;
mod export;
mod fetch;
mod redeem;
