//! What the storage promises, on a real PostgreSQL: `make test` starts one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so at once"
)]

mod api_keys;
mod at_the_gate;
mod bounded;
mod course;
mod database;
mod distribution;
mod drill;
mod dropped;
mod fair_claims;
mod fetches;
mod gates;
mod handing_out;
mod holds;
mod invariant;
mod jobs;
mod loading;
mod lock_order;
mod model;
mod outcomes;
mod people;
mod rejections;
mod replica;
mod reports;
mod sealing;
mod several_lists;
mod shares;
mod taking_out;
mod usage_reports;
