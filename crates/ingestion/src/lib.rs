//! A hosted or sent file becomes codes in a list: fetched, read, sorted, compared with what the list has, stored,
//! published; and its uploader is told.

mod blocking;
mod callback;
mod comparison;
mod download;
mod load;
pub mod outbound;
mod progress;
pub mod rows;
pub mod sorted;

pub use callback::{CallbackError, Callbacks};
pub use load::Loader;
