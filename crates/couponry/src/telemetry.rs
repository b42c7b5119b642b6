//! Logs: one JSON object a line on standard error, panics too.

use std::{io, panic};

use tracing_subscriber::EnvFilter;

/// What libraries say of their own accord: malformed requests (strangers would fill the log), notices of a repeated
/// migration, the parts of a stop, a session that a stopping database ended. A filter that names them wins.
const LIBRARIES: &str = "actix_server=warn,actix_http=off,sqlx::postgres::notice=warn,sqlx_core::pool=error";

pub(crate) fn start(filter: &str) {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_env_filter(EnvFilter::new(format!("{LIBRARIES},{filter}")))
        .with_writer(io::stderr)
        .init();
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
