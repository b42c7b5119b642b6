//! `GET /openapi.json`, and `GET /docs`: the same for people, a page with nothing from elsewhere.

use std::{borrow::Cow, sync::Arc};

use actix_web::{
    HttpResponse,
    http::header::{CONTENT_SECURITY_POLICY, LOCATION},
    web::{self, Bytes},
};
use utoipa_swagger_ui::{Config, serve};

use crate::{error::ApiError, openapi::openapi};

pub(crate) async fn document() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(openapi())
}

/// The page's own references are relative to `/docs/`. So is this one: a proxy may have put a prefix before it.
pub(crate) async fn to_page() -> HttpResponse {
    HttpResponse::TemporaryRedirect()
        .insert_header((LOCATION, "docs/"))
        .finish()
}

/// The browser is told to fetch from nowhere else, too.
const ONLY_FROM_HERE: &str =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/// A file of the page; the empty name is the page itself.
pub(crate) async fn page(file: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let config = Config::new(["../openapi.json"])
        .use_base_layout()
        .display_operation_id(true)
        // Or it would ask a validator on the internet.
        .validator_url("none");
    // An error would mean that this configuration is no JSON.
    let file = serve(&file, Arc::new(config))
        .ok()
        .flatten()
        .ok_or(ApiError::NotFound)?;
    // Not a copy for each who asks.
    let body = match file.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    Ok(HttpResponse::Ok()
        .content_type(file.content_type)
        .insert_header((CONTENT_SECURITY_POLICY, ONLY_FROM_HERE))
        .body(body))
}
