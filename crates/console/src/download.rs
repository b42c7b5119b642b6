//! CSVs that are kept compressed, on their way to a browser.

use actix_web::{
    HttpRequest, HttpResponse,
    error::ErrorInternalServerError,
    http::header::{
        AcceptEncoding, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_TYPE, Encoding, Header as _, VARY,
    },
    web::Bytes,
};
use futures_util::{Stream, StreamExt as _};

/// The CSV of this name: the browser makes it of what it is sent, or keeps that as it is.
pub(crate) fn of_gzip(
    request: &HttpRequest,
    name: &str,
    pieces: impl Stream<Item = storage::Result<Bytes>> + 'static,
) -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    answer.insert_header((VARY, "accept-encoding"));
    if takes_gzip(request) {
        answer
            .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
            .insert_header((CONTENT_ENCODING, "gzip"))
            .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")));
    } else {
        answer
            .insert_header((CONTENT_TYPE, "application/gzip"))
            .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.gz\"")));
    }
    // The head is out by then: all that is left is to break the connection, so that nobody takes a part for the whole.
    answer.streaming(pieces.map(|piece| {
        piece.map_err(|error| {
            tracing::warn!(%error, "a download was cut off");
            ErrorInternalServerError("cut off")
        })
    }))
}

fn takes_gzip(request: &HttpRequest) -> bool {
    AcceptEncoding::parse(request).is_ok_and(|accepted| {
        accepted.negotiate([Encoding::gzip(), Encoding::identity()].iter()) == Some(Encoding::gzip())
    })
}
