//! Tokens by which a template engine fetches codes: one file per verb.

pub(crate) mod create;
pub(crate) mod fetch_all;
pub(crate) mod pull;
pub(crate) mod revoke;
mod shown;
