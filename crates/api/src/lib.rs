//! HTTP in and out: `routes.rs` lists every path; one folder per noun, one file per verb.

mod allocations;
mod audit;
mod authentication;
mod body;
mod codes;
mod docs;
mod error;
mod errors_page;
mod fields;
mod files;
mod health;
mod host;
mod idempotency;
mod limits;
mod link_key;
mod lists;
mod openapi;
mod page;
mod path;
mod pull_tokens;
mod recipients;
mod request_log;
mod routes;
mod server;
mod shield;
mod stock;
mod strict_json;
mod usage_reports;
mod users;
mod webhook_secret;

pub use errors_page::errors_page;
pub use files::callback_body;
pub use limits::RateLimits;
pub use openapi::openapi;
pub use server::{App, Readiness, serve};
pub use shield::Shield;
