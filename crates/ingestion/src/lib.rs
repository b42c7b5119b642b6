//! A hosted file becomes codes in a list: fetched, read, sorted, compared with what the list has, stored, published.

mod blocking;
mod comparison;
mod download;
mod load;
pub mod outbound;
mod progress;
pub mod rows;
pub mod sorted;

pub use load::Loader;
