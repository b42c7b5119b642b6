//! Tokens by which a template engine fetches codes of one list.

pub(crate) mod change;
pub(crate) mod fetch_all;
