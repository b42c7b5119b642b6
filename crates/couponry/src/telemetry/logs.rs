//! Logs: one JSON object a line on standard error, panics too.

use std::{io, panic};

use tracing::Subscriber;
use tracing_subscriber::{EnvFilter, Layer, filter::LevelFilter, fmt, registry::LookupSpan};

/// The parts of the program, which are written with their logs in mind. Libraries are not: at `debug` or `trace` they
/// show headers, statements and whole mails.
const OURS: [&str; 8] = [
    "api",
    "console",
    "couponry",
    "domain",
    "identity",
    "ingestion",
    "reporting",
    "storage",
];

/// What libraries say of their own accord and nobody needs: malformed requests (strangers would fill the log), a session
/// that a stopping database ended. A filter that names them wins.
const LIBRARIES: &str = "actix_http=off,sqlx_core::pool=error";

pub(super) fn layer<S>(filter: &str) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_writer(io::stderr)
        .with_filter(EnvFilter::new(directives(filter)))
}

/// Panics are logged like everything else.
pub(super) fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        // A formatted panic may quote a code or a key; a literal one cannot.
        let literal = panic.payload().downcast_ref::<&'static str>().copied();
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(
            place,
            reason = literal.unwrap_or("not shown"),
            "a part of the program panicked"
        );
    }));
}

/// A bare level, such as `debug`, is for our parts. Libraries are at `warn`, or less where the level is less, unless the
/// filter names them.
fn directives(filter: &str) -> String {
    let parts = || filter.split(',').map(str::trim).filter(|part| !part.is_empty());
    let level = parts()
        .filter_map(|part| part.parse::<LevelFilter>().ok())
        .next_back()
        .unwrap_or(LevelFilter::WARN);
    let libraries = level.min(LevelFilter::WARN).to_string();
    let named = parts().filter(|part| part.parse::<LevelFilter>().is_err());
    [libraries, LIBRARIES.to_owned()]
        .into_iter()
        .chain(OURS.map(|part| format!("{part}={level}")))
        .chain(named.map(str::to_owned))
        .collect::<Vec<_>>()
        .join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_level_is_for_the_parts_of_the_program() {
        let said = directives("debug");
        assert!(said.starts_with("warn,"), "{said}");
        for part in OURS {
            assert!(said.contains(&format!(",{part}=debug")), "{said}");
        }
        assert!(directives("error").starts_with("error,"));
        assert!(directives("off").starts_with("off,"));
    }

    #[test]
    fn a_filter_that_names_a_part_or_a_library_wins() {
        for filter in ["warn,storage=debug,hyper=trace", "storage=debug,hyper=trace,warn"] {
            let said = directives(filter);
            assert!(said.contains(",api=warn,"), "{said}");
            assert!(said.ends_with(",storage=debug,hyper=trace"), "{said}");
        }
        assert!(EnvFilter::try_new(directives("info,[load file{job=7}]=trace")).is_ok());
    }
}
