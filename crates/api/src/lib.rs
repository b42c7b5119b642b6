//! HTTP in and out: `routes.rs` lists every path; one folder per noun, one file per verb.

mod allocations;
mod authentication;
mod body;
mod error;
mod fields;
mod files;
mod health;
mod limits;
mod lists;
mod path;
mod recipients;
mod request_log;
mod routes;
mod server;
mod shield;
mod strict_json;
mod usage_reports;
mod webhook_secret;

pub use files::callback_body;
pub use limits::RateLimits;
pub use server::{App, Readiness, serve};
pub use shield::Shield;
