//! The black-box suite: the real server, a real PostgreSQL, real HTTP hosts. One file for each route, by its URL; then
//! what concerns them all.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod app;

mod authentication;
mod bad_input;
mod corrected_file;
mod coupon_list;
mod health;
mod literals;
mod logs;
mod openapi;
mod races;
mod restarts;
