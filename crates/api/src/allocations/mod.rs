//! Handing out codes: one file per verb.

pub(crate) mod allocate;
mod answers;
pub(crate) mod batch;
pub(crate) mod confirm;
pub(crate) mod export;
pub(crate) mod fetch_all;
pub(crate) mod filter;
mod lines;
pub(crate) mod recipient;
pub(crate) mod release;
mod settle;
pub(crate) mod shown;
mod stream;
