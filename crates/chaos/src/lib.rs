//! What breaks: PostgreSQL servers that are killed, promoted and restored, a gate before them, and requests that are nonsense.
//! The tests of the program use them too.

pub mod gate;
pub mod nonsense;
pub mod postgres;
