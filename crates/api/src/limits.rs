//! How often a workspace may ask: judged with its credentials, shown in headers of every limited answer.

use std::collections::HashMap;

use actix_web::{
    Error, HttpMessage as _, HttpRequest,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderName, HeaderValue},
    middleware::Next,
};
use domain::{Operation, RateLimit};
use storage::{Quota, Workspace};

use crate::{App, error::ApiError, metrics::count_refusal, table::endpoint_of};

/// The limit of each operation; none where there is no entry.
pub type RateLimits = HashMap<Operation, RateLimit>;

/// Counts the request and refuses it if its window is full. What was found out goes into the request, for [`show`].
pub(crate) async fn count(app: &App, workspace: &Workspace, request: &HttpRequest) -> Result<(), ApiError> {
    let Some(operation) = endpoint_of(request).and_then(|endpoint| endpoint.limit) else {
        return Ok(());
    };
    let limit = app.rate_limits.get(&operation).copied().unwrap_or_default();
    let Some(quota) = app.storage.count_request(workspace, operation, limit).await? else {
        return Ok(());
    };
    request.extensions_mut().insert(quota);
    if quota.allowed {
        Ok(())
    } else {
        count_refusal(operation.as_str());
        Err(ApiError::TooManyRequests(quota.retry_after))
    }
}

/// Puts the three documented headers on whatever is answered to a request that was counted.
pub(crate) async fn show<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    let quota = response.request().extensions().get::<Quota>().copied();
    if let Some(quota) = quota {
        let headers = response.headers_mut();
        let mut show = |name, number: i64| {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(number));
        };
        show("x-ratelimit-limit", quota.limit.into());
        show("x-ratelimit-remaining", quota.remaining.into());
        show("x-ratelimit-reset", quota.reset_at);
    }
    Ok(response)
}
