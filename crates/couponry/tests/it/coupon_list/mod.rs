//! `/v1/coupon-list` and everything below it.

mod activate;
mod allocations;
mod archive;
mod bulk_actions;
mod codes;
mod create;
mod details;
mod fetch_all;
mod files;
mod forecast;
mod hand_outs;
mod pages;
mod pull_tokens;
mod stock;
mod update;
