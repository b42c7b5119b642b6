//! Handing out codes: one file per verb.

pub(crate) mod allocate;
mod answers;
pub(crate) mod batch;
pub(crate) mod confirm;
pub(crate) mod fetch_all;
mod lines;
pub(crate) mod recipient;
pub(crate) mod release;
mod settle;
pub(crate) mod shown;
mod stream;

pub(crate) use allocate::allocate;
pub(crate) use batch::allocate_batch;
pub(crate) use confirm::{confirm, confirm_many};
pub(crate) use fetch_all::fetch_all;
pub(crate) use release::{release, release_many};
pub(crate) use stream::Streams;
