//! HTTP in and out: `routes.rs` lists every path; one folder per noun, one file per verb.

mod allocations;
mod authentication;
mod body;
mod error;
mod fields;
mod files;
mod health;
mod lists;
mod path;
mod request_log;
mod routes;
mod server;
mod strict_json;

pub use server::{App, Readiness, serve};
