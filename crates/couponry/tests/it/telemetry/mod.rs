//! Metrics and traces, by who reads and collects them.

mod metrics;
mod traces;
