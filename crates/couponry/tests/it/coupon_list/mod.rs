//! `/v1/coupon-list` and everything below it.

mod activate;
mod allocations;
mod archive;
mod create;
mod details;
mod fetch_all;
mod files;
mod pages;
mod update;
