//! People, as far as lists know them.

pub(crate) mod erase;

pub(crate) use erase::erase;
