//! A customer of couponry, who knows it from outside only: the marketing system and its web server. For the
//! demonstration, the bench and the tests.

pub mod client;
pub mod codes;
pub mod file_host;
