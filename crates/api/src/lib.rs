//! HTTP in and out: `routes.rs` lists every path; one folder per noun, one file per verb.

mod allocations;
mod authentication;
mod body;
mod docs;
mod error;
mod fields;
mod files;
mod health;
mod lists;
mod openapi;
mod path;
mod request_log;
mod routes;
mod server;
mod strict_json;

pub use openapi::openapi;
pub use server::{App, Readiness, serve};
