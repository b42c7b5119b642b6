//! One line, one span and one measurement a request: method, route, status, duration, and what it asked of the database.
//! Never an id, a query or a body: those hold codes, people and secrets.

use std::time::Duration;

use actix_web::{
    Error, HttpMessage as _,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::StatusCode,
    middleware::Next,
};
use storage::Spent;
use tracing::{Instrument as _, Span, debug, info_span, warn};

use crate::{
    metrics::{UnderWay, method_name},
    table::Found,
    traces,
};

pub(crate) async fn log<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let method = method_name(request.method());
    let route = request.match_pattern();
    let under_way = UnderWay::begin(request.method(), route.as_deref());
    let traced = traces::begin(&request, method, route.as_deref());
    let route = route.as_deref().unwrap_or("unknown");
    // For whoever comes before routing: finding it is a search through all of them.
    let found = Found::by(request.method(), route);
    request.extensions_mut().insert(found);
    let span = info_span!("http request", http.request.method = method, http.route = route);
    async {
        let (answer, spent) = Spent::by(next.call(request)).await;
        let status = match &answer {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        write(method, route, status, under_way.elapsed(), spent, &traced);
        traces::end(&traced, status);
        under_way.end(status);
        answer
    }
    .instrument(traced.clone())
    .instrument(span)
    .await
}

fn write(method: &str, route: &str, status: StatusCode, took: Duration, spent: Spent, traced: &Span) {
    macro_rules! line {
        ($level:ident, $message:literal) => {
            $level!(
                method,
                route,
                status = status.as_u16(),
                milliseconds = milliseconds(took),
                statements = spent.statements,
                database_milliseconds = milliseconds(spent.time),
                call_milliseconds = milliseconds(spent.in_calls),
                trace_id = traces::trace_id(traced),
                $message
            )
        };
    }
    if status.is_server_error() {
        line!(warn, "request failed");
    } else {
        line!(debug, "request answered");
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
