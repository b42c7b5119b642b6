//! Usage reports: one file per verb.

pub(crate) mod delete;
pub(crate) mod download;
pub(crate) mod fetch;
pub(crate) mod fetch_all;
mod plain;
pub(crate) mod request;
mod rows;
mod shown;

pub(crate) use delete::delete;
pub(crate) use download::download;
pub(crate) use fetch::fetch;
pub(crate) use fetch_all::fetch_all;
pub(crate) use request::request;
