//! What the operator decides, read once at the start.

mod check;
mod door_variables;
mod otlp;
mod rate_variables;
mod secret;
mod settings;
mod sign_in_variables;
mod unknown;
mod values;
mod variables;

pub(crate) use check::{known_variables, report, secret_files};
pub(crate) use otlp::{Otlp, report as report_otlp};
pub(crate) use secret::read_api_key;
pub(crate) use settings::{Bootstrap, Settings};
pub(crate) use variables::Variables;

use std::fmt;

/// Everything that is wrong with the configuration, one sentence each.
#[derive(Debug)]
pub(crate) struct Problems(Vec<String>);

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration is wrong:\n  {}", self.0.join("\n  "))
    }
}

impl Problems {
    /// The value, or a note of why there is none.
    fn keep<T>(&mut self, variable: &str, outcome: Result<T, impl fmt::Display>) -> Option<T> {
        outcome
            .map_err(|reason| self.0.push(format!("{variable} {reason}")))
            .ok()
    }
}
