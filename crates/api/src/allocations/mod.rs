//! Handing out codes: one file per verb.

pub(crate) mod allocate;
pub(crate) mod batch;
mod recipient;
mod shown;

pub(crate) use allocate::allocate;
pub(crate) use batch::allocate_batch;
