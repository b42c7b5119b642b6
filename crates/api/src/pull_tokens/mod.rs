//! Tokens by which a template engine fetches codes: one file per verb.

pub(crate) mod create;
pub(crate) mod fetch_all;
pub(crate) mod pull;
pub(crate) mod revoke;
mod shown;

pub(crate) use create::create;
pub(crate) use fetch_all::fetch_all;
pub(crate) use pull::pull;
pub(crate) use revoke::revoke;
