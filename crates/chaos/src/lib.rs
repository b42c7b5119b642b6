//! What breaks: PostgreSQL servers that are killed, promoted and restored, and a gate before them. The tests of the program
//! use them too.

pub mod gate;
pub mod postgres;
