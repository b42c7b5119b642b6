//! Usage as CSV.
