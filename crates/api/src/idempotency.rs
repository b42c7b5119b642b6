//! `Idempotency-Key` (ours): a creation or an upload that was sent twice takes effect once.

use actix_web::HttpRequest;
use domain::IdempotencyKey;
use utoipa::IntoParams;

use crate::{
    error::ApiError,
    fields::{Fields, wrong},
};

#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "what `idempotency_key` reads, for the document")]
pub(crate) struct OnceParameters {
    /// Sent again with the same request within a week, it gets the first answer again and nothing is done twice.
    #[param(
        rename = "Idempotency-Key",
        min_length = 1,
        max_length = 255,
        pattern = r"^[ -~]+$"
    )]
    idempotency_key: Option<String>,
}

/// The request's key, if it has one.
pub(crate) fn idempotency_key(
    request: &HttpRequest,
    fields: &Fields,
) -> Result<Option<IdempotencyKey>, ApiError> {
    const NAME: &str = "Idempotency-Key";
    let mut keys = request.headers().get_all("idempotency-key");
    let Some(key) = keys.next() else { return Ok(None) };
    let not_one = || wrong(NAME, domain::NotAnIdempotencyKey);
    if keys.next().is_some() {
        return Err(not_one());
    }
    let key = key.to_str().map_err(|_| not_one())?;
    IdempotencyKey::new(key, &[request.path().as_bytes(), &fields.to_json()])
        .map(Some)
        .map_err(|error| wrong(NAME, error))
}

/// The answer to a key that was used for another request.
pub(crate) fn key_reused() -> ApiError {
    ApiError::Invalid("'Idempotency-Key' was used for another request; use a new one.".to_owned())
}
