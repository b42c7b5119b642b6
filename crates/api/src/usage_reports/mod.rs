//! Usage reports: one file per verb.

mod download;
mod fetch;
mod fetch_all;
mod request;
mod shown;

pub(crate) use download::download;
pub(crate) use fetch::fetch;
pub(crate) use fetch_all::fetch_all;
pub(crate) use request::request;
