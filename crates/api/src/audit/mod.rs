//! The record of who changed what: written for every changing call that succeeded, whichever handler answered it.

pub(crate) mod fetch_all;
mod record;

pub(crate) use record::record;

use domain::PublicId;

/// What a request made, for the record: its path does not name it.
pub(crate) struct Made(pub(crate) PublicId);
