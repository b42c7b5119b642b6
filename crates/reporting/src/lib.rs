//! Usage as CSV: the nine columns of the MoEngage usage report. Building it from the ledger and mailing it come with
//! the report's endpoint.

mod usage;

pub use usage::{Usage, UsageCsv};
