//! Usage reports: one file per verb.

pub(crate) mod delete;
pub(crate) mod download;
pub(crate) mod fetch;
pub(crate) mod fetch_all;
pub(crate) mod request;
mod rows;
mod shown;
