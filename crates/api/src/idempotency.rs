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

const NAME: &str = "Idempotency-Key";

/// The key of a request that says these fields, if it has one.
pub(crate) fn idempotency_key(
    request: &HttpRequest,
    fields: &Fields,
) -> Result<Option<IdempotencyKey>, ApiError> {
    let key = presented_key(request)?;
    key.map(|key| key_of(key, request, &[&fields.to_json()]))
        .transpose()
}

/// What the request's header holds, before the request itself has been read.
pub(crate) fn presented_key(request: &HttpRequest) -> Result<Option<&str>, ApiError> {
    let mut keys = request.headers().get_all("idempotency-key");
    let Some(key) = keys.next() else { return Ok(None) };
    let not_one = || wrong(NAME, domain::NotAnIdempotencyKey);
    let key = key.to_str().map_err(|_| not_one())?;
    if keys.next().is_some() {
        return Err(not_one());
    }
    key_of(key, request, &[])?;
    Ok(Some(key))
}

/// The key with all that its request says.
pub(crate) fn key_of(key: &str, request: &HttpRequest, said: &[&[u8]]) -> Result<IdempotencyKey, ApiError> {
    let said = [&[request.path().as_bytes()][..], said].concat();
    IdempotencyKey::new(key, &said).map_err(|error| wrong(NAME, error))
}

/// The answer to a key that was used for another request.
pub(crate) fn key_reused() -> ApiError {
    ApiError::Invalid("'Idempotency-Key' was used for another request; use a new one.".to_owned())
}
