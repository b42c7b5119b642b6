//! What was done in a workspace.

pub(crate) mod fetch_all;
mod words;
