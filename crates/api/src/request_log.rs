//! One span and one line a request: method, route, status, duration. Never an id, a query or a body: those hold codes,
//! people and secrets.

use std::time::Instant;

use actix_web::{
    Error, HttpMessage as _,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
};
use tracing::{Instrument as _, debug, info_span, warn};

use crate::table::Found;

pub(crate) async fn log<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let started = Instant::now();
    let method = request.method().as_str().to_owned();
    let route = request.match_pattern().unwrap_or_else(|| "unknown".to_owned());
    // For whoever comes before routing: finding it is a search through all of them.
    let found = Found::by(request.method(), &route);
    request.extensions_mut().insert(found);
    let span = info_span!("http request", http.request.method = method, http.route = route);
    async {
        let answer = next.call(request).await;
        let status = match &answer {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        let milliseconds = started.elapsed().as_secs_f64() * 1_000.0;
        if status.is_server_error() {
            warn!(
                method,
                route,
                status = status.as_u16(),
                milliseconds,
                "request failed"
            );
        } else {
            debug!(
                method,
                route,
                status = status.as_u16(),
                milliseconds,
                "request answered"
            );
        }
        answer
    }
    .instrument(span)
    .await
}
