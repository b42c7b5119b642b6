//! Spans of statements and of shared calls, and the trace that a job goes on with.
//!
//! Spans of the targets [`TRACE`] and [`TRACE_ROOT`] are for OpenTelemetry alone: without it none is made, and the log never shows them. They
//! have no codes, people or values.

use std::{collections::HashMap, sync::OnceLock};

use opentelemetry::{
    Context, global,
    trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState},
};
use tracing::{Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// The target of spans that are exported as parts of a trace, and are not made outside of one.
pub const TRACE: &str = "trace";

/// The target of those by which a trace begins here, or goes on under another thread.
pub const TRACE_ROOT: &str = "trace_root";

static SAMPLING: OnceLock<Sampling> = OnceLock::new();

/// Which traces are made. It is decided before the first span: one that is made and then dropped costs as much as one that is kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// Of the traces that begin here, from 0 to 1.
    pub share: f64,
    /// Whether a trace that the caller began goes on or not as the caller says.
    pub follows_caller: bool,
}

impl Sampling {
    /// For the whole process, once; before, nothing is traced.
    pub fn install(self) {
        SAMPLING.get_or_init(|| self);
    }
}

/// Whether a span of [`TRACE_ROOT`] is to be made.
pub fn begins_trace(has_caller: bool) -> bool {
    SAMPLING.get().is_some_and(|sampling| {
        (has_caller && sampling.follows_caller) || rand::random::<f64>() < sampling.share
    })
}

/// The span of a request that was traced, as the job that it asked for keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    trace: TraceId,
    span: SpanId,
    flags: TraceFlags,
}

impl Origin {
    /// W3C `traceparent` of what runs now; nothing where nothing is traced.
    pub(crate) fn traceparent() -> Option<String> {
        let mut headers = HashMap::new();
        global::get_text_map_propagator(|propagator| {
            Context::map_current(|context| propagator.inject_context(context, &mut headers));
        });
        headers.remove("traceparent")
    }

    pub(crate) fn read(traceparent: String) -> Option<Self> {
        let headers = HashMap::from([("traceparent".to_owned(), traceparent)]);
        let context = global::get_text_map_propagator(|propagator| {
            propagator.extract_with_context(&Context::new(), &headers)
        });
        let span = context.span();
        let span = span.span_context();
        span.is_valid().then(|| Self {
            trace: span.trace_id(),
            span: span.span_id(),
            flags: span.trace_flags(),
        })
    }

    /// For the job's own span to go on from.
    pub fn context(self) -> Context {
        let span = SpanContext::new(self.trace, self.span, self.flags, true, TraceState::default());
        Context::new().with_remote_span_context(span)
    }
}

/// The span of a call that serves requests, whose spans these are: part of the trace of the first one that is kept,
/// and linked with all of them.
pub(crate) fn call_span<'s>(
    kind: &'static str,
    lists: usize,
    requests: impl Iterator<Item = &'s Span>,
) -> Span {
    let is_kept = |span: &&Span| !span.is_disabled() && context_of(span).is_sampled();
    let requests: Vec<&Span> = requests.filter(is_kept).collect();
    let Some(first) = requests.first() else {
        return Span::none();
    };
    let call = info_span!(
        target: TRACE_ROOT,
        parent: first.id(),
        "allocation call",
        couponry.call.kind = kind,
        couponry.call.lists = lists
    );
    let context = context_of(&call);
    for request in requests {
        call.add_link(context_of(request));
        request.add_link(context.clone());
    }
    call
}

fn context_of(span: &Span) -> SpanContext {
    span.context().span().span_context().clone()
}

/// The span of a statement, named after what it asks of the database: never its text, nor its values.
pub(crate) fn statement_span(pool: &str, sql: &str) -> Span {
    info_span!(
        target: TRACE,
        "statement",
        otel.name = summary(sql),
        otel.kind = "client",
        otel.status_code = tracing::field::Empty,
        error.type = tracing::field::Empty,
        db.system.name = "postgresql",
        db.client.connection.pool.name = pool
    )
}

/// The function that a statement calls, or its verb and table: `allocate`, `update job`.
fn summary(sql: &str) -> String {
    let mut words = sql.split_whitespace();
    let verb = words.next().unwrap_or("statement");
    let name = |text: &str| -> String {
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        text.chars().take_while(|c| is_of_name(*c)).collect()
    };
    let rest = sql.get(verb.len()..).unwrap_or_default().trim_start();
    let direct = name(rest);
    if rest.get(direct.len()..).is_some_and(|more| more.starts_with('(')) && !direct.is_empty() {
        return direct;
    }
    match verb {
        "update" => format!("update {direct}"),
        "insert" | "delete" | "select" => {
            let before = if verb == "insert" { "into" } else { "from" };
            let object = words
                .skip_while(|word| *word != before)
                .nth(1)
                .unwrap_or_default();
            let object_name = name(object);
            if object
                .get(object_name.len()..)
                .is_some_and(|more| more.starts_with('('))
            {
                return object_name;
            }
            format!("{verb} {object_name}").trim_end().to_owned()
        }
        _ => name(verb),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_named_after_its_function_or_its_verb_and_table() {
        for (sql, expected) in [
            ("select end_job($1, $2)", "end_job"),
            ("select a, b as \"b!\"\n  from allocate($1, $2)", "allocate"),
            ("update job j set lane = 'x'", "update job"),
            (
                "delete from fetched_piece where list_id = $1",
                "delete fetched_piece",
            ),
            (
                "insert into fetched_piece (list_id)\n select 1",
                "insert fetched_piece",
            ),
            ("select exists (select from job j)", "select job"),
            ("select 1", "select"),
            ("with x as (select 1) select 2", "with"),
            ("", "statement"),
        ] {
            assert_eq!(summary(sql), expected, "{sql}");
        }
    }
}
