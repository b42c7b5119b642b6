//! What pages are drawn with, in the program itself.

use std::borrow::Cow;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    web::Bytes,
};
use rust_embed::RustEmbed;

use crate::{ROOT, error::PageError};

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Assets;

/// With the file's hash in it, so that browsers keep the file for ever and never use a former one.
pub(crate) fn path(file: &str) -> String {
    let hash = Assets::get(file).map(|file| file.metadata.sha256_hash());
    let [a, b, c, d, ..] = hash.unwrap_or_default();
    format!("{ROOT}/assets/{file}?v={a:02x}{b:02x}{c:02x}{d:02x}")
}

pub(crate) async fn serve(request: HttpRequest) -> Result<HttpResponse, PageError> {
    let file = request.match_info().get("file").unwrap_or_default();
    let content = Assets::get(file).ok_or(PageError::NotFound)?;
    let kind = match file.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => return Err(PageError::NotFound),
    };
    // Not a copy for each who asks.
    let body = match content.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, kind))
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .body(body))
}
