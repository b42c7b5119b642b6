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
use domain::KeyRole;
use storage::Spent;
use tracing::{Instrument as _, Level, Span, debug, info, info_span, warn};

use crate::{
    metrics::{UnderWay, method_name},
    table::{Endpoint, Found},
    traces,
};

/// A request that took longer has its line at `info`, whatever it asked for.
const SLOW: Duration = Duration::from_secs(1);
/// The path of a request at whose path nothing is.
const UNKNOWN: &str = "unknown";

pub(crate) async fn log<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let method = method_name(request.method());
    let route = request.match_pattern();
    let under_way = UnderWay::begin(request.method(), route.as_deref());
    let traced = traces::begin(&request, method, route.as_deref());
    let route = route.as_deref().unwrap_or(UNKNOWN);
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
        let took = under_way.elapsed();
        let level = level(found.endpoint(), route, status, took);
        write(level, method, route, status, took, spent, &traced);
        traces::end(&traced, status);
        under_way.end(status);
        answer
    }
    .instrument(traced.clone())
    .instrument(span)
    .await
}

/// At `info` what people and their programs administer and look up, some a second. At `debug` what comes by the thousand: hand-outs
/// with what follows them, probes, and strangers, who are turned away; metrics count all of it.
fn level(endpoint: Option<&Endpoint>, route: &str, status: StatusCode, took: Duration) -> Level {
    if status.is_server_error() {
        return Level::WARN;
    }
    let is_frequent = match endpoint {
        // Without credentials: pulled codes and probes.
        Some(endpoint) => matches!(endpoint.needs, None | Some(KeyRole::Allocate)),
        None => [UNKNOWN, "/metrics"].contains(&route),
    };
    let is_turned_away = [StatusCode::UNAUTHORIZED, StatusCode::TOO_MANY_REQUESTS].contains(&status);
    if (is_frequent || is_turned_away) && took < SLOW {
        Level::DEBUG
    } else {
        Level::INFO
    }
}

fn write(
    level: Level,
    method: &str,
    route: &str,
    status: StatusCode,
    took: Duration,
    spent: Spent,
    traced: &Span,
) {
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
    match level {
        Level::WARN => line!(warn, "request failed"),
        Level::INFO => line!(info, "request answered"),
        _ => line!(debug, "request answered"),
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;

    use super::*;

    /// Of a request that was answered within a millisecond.
    fn level_of(method: &Method, route: &str, status: u16) -> Level {
        let status = StatusCode::from_u16(status).unwrap();
        let found = Found::by(method, route);
        level(found.endpoint(), route, status, Duration::from_millis(1))
    }

    #[test]
    fn what_is_administered_has_its_line_at_info_and_what_comes_by_the_thousand_at_debug() {
        let (list, allocations) = (
            "/v1/coupon-list/{coupon_list_id}",
            "/v1/coupon-list/{coupon_list_id}/allocations",
        );
        for (method, route, status, expected) in [
            (Method::POST, "/v1/coupon-list", 201, Level::INFO),
            (Method::PATCH, list, 400, Level::INFO),
            (Method::GET, list, 403, Level::INFO),
            (Method::GET, allocations, 200, Level::INFO),
            (Method::GET, "/console/sign-in", 200, Level::INFO),
            (Method::POST, allocations, 201, Level::DEBUG),
            (Method::POST, allocations, 409, Level::DEBUG),
            (Method::GET, "/v1/pull/{token}", 200, Level::DEBUG),
            (Method::GET, "/readyz", 200, Level::DEBUG),
            (Method::GET, "/metrics", 200, Level::DEBUG),
            (Method::GET, list, 401, Level::DEBUG),
            (Method::POST, "/console/sign-in", 429, Level::DEBUG),
            (Method::GET, UNKNOWN, 404, Level::DEBUG),
            (Method::POST, allocations, 503, Level::WARN),
            (Method::GET, "/readyz", 503, Level::WARN),
        ] {
            assert_eq!(
                level_of(&method, route, status),
                expected,
                "{method} {route} {status}"
            );
        }
    }

    #[test]
    fn what_took_longer_than_a_second_has_its_line_at_info() {
        let slow = |status| level(None, UNKNOWN, status, SLOW);
        assert_eq!(slow(StatusCode::NOT_FOUND), Level::INFO);
        assert_eq!(slow(StatusCode::SERVICE_UNAVAILABLE), Level::WARN);
    }
}
