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

mod alerts;
mod audit_log;
mod authentication;
mod bad_input;
mod callback;
mod capacity_check;
mod codes;
mod connections;
mod console;
mod corrected_file;
mod coupon_list;
mod edge;
mod endpoints;
mod expiry;
mod failover;
mod faults;
mod guesses;
mod health;
mod housekeeping;
mod idempotency;
mod keys;
mod link_key;
mod literals;
mod logs;
mod openapi;
mod operating;
mod pooler;
mod pull;
mod quotas;
mod races;
mod rate_limits;
mod relays;
mod replica;
mod restarts;
mod silent_database;
mod stalling;
mod telemetry;
mod upgrades;
mod usage_report;
mod users;
