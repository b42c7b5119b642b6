//! A hosted or sent file becomes codes in a list: fetched, read, sorted, compared with what the list has, stored,
//! published; and its uploader is told.

mod blocking;
mod callback;
mod comparison;
mod fetch;
#[cfg(any(test, fuzzing))]
pub mod fuzzed;
mod load;
mod metrics;
pub mod outbound;
mod pieces;
mod progress;
mod reading;
pub mod rows;
pub mod sorted;

pub use callback::{CallbackError, Callbacks};
pub use fetch::Fetcher;
pub use load::Loader;
