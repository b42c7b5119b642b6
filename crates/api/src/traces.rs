//! A span for each request, part of the caller's trace if it sends one (W3C `traceparent`).

use actix_web::{
    dev::ServiceRequest,
    http::{
        StatusCode,
        header::{HeaderMap, HeaderName},
    },
};
use opentelemetry::{Context, global, propagation::Extractor, trace::TraceContextExt as _};
use storage::{TRACE_ROOT, begins_trace};
use tracing::{Span, field, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Disabled where the request is not traced. Neither the path nor the query: those have codes, people and tokens.
pub(crate) fn begin(request: &ServiceRequest, method: &'static str, route: Option<&str>) -> Span {
    let caller = caller(request.headers());
    if !begins_trace(caller.is_some()) {
        return Span::none();
    }
    let name = || route.map_or_else(|| method.to_owned(), |route| format!("{method} {route}"));
    let span = info_span!(
        target: TRACE_ROOT,
        "request",
        otel.name = name(),
        otel.kind = "server",
        otel.status_code = field::Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = field::Empty
    );
    if let Some(caller) = caller
        && !span.is_disabled()
    {
        // It fails for a span that has begun, which this one has not.
        _ = span.set_parent(caller);
    }
    span
}

/// The trace that the caller says it goes on with.
fn caller(headers: &HeaderMap) -> Option<Context> {
    if !headers.contains_key("traceparent") {
        return None;
    }
    let context = global::get_text_map_propagator(|propagator| propagator.extract(&Headers(headers)));
    let is_one = context.span().span_context().is_valid();
    is_one.then_some(context)
}

/// By which the trace is found; nothing where the request is not traced.
pub(crate) fn trace_id(span: &Span) -> Option<String> {
    if span.is_disabled() {
        return None;
    }
    let context = span.context();
    let id = context.span().span_context().trace_id();
    Some(id.to_string())
}

pub(crate) fn end(span: &Span, status: StatusCode) {
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

struct Headers<'h>(&'h HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}
