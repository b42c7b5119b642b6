//! What goes wrong, as a client is told: `table.rs` says it once, and everything is made of that.

mod answer;
mod page;
mod table;

pub use self::page::errors_page;
pub(crate) use self::{
    answer::{Envelope, Told},
    table::{ApiError, Wording},
};
