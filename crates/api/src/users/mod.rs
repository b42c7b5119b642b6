//! People, as far as lists know them.

pub(crate) mod erase;
