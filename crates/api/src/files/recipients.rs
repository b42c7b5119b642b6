//! `GET /v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/recipients`, and what else walks over a file's hand-outs

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Bytes},
};
use domain::PublicId;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use storage::{HandOutFilter, ListRef, Recorded};
use tracing::warn;

use crate::{
    App,
    allocations::shown::ShownAllocation,
    begun::begun,
    error::ApiError,
    openapi::refusals::{Guarded, NamesFile},
    path::{FilePath, List, file_id},
};

#[utoipa::path(
    get,
    path = "/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/recipients",
    operation_id = "fetchFileRecipients",
    tag = "Coupon Files",
    summary = "Who got a file's codes",
    description = "Every hand-out of the file, one JSON object a line, as it now stands.",
    params(FilePath),
    responses(
        (status = 200, description = "The hand-outs.", body = ShownAllocation, content_type = "application/x-ndjson"),
        Guarded,
        NamesFile,
    ),
)]
pub(crate) async fn recipients(
    app: web::Data<App>,
    list: List,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = file_id(&request)?;
    app.storage
        .is_quarantined(&list.0, id)
        .await?
        .ok_or(ApiError::NotFound)?;
    let list = list.0;
    let text = pages(&app, &list, id).await?.map(move |page| {
        let mut text = Vec::new();
        for recorded in page? {
            // Texts under texts, into a Vec: nothing can fail.
            _ = serde_json::to_writer(&mut text, &ShownAllocation::recorded(&list, recorded));
            text.push(b'\n');
        }
        Ok::<_, ApiError>(Bytes::from(text))
    });
    let text = text.map_err(ApiError::break_off);
    Ok(HttpResponse::Ok()
        .content_type("application/x-ndjson")
        .streaming(text))
}

/// The file's hand-outs, page by page, one page at a time in memory. The first one is read before there is an answer: if it
/// cannot be, the status says so.
pub(super) async fn pages(
    app: &App,
    list: &ListRef,
    file: PublicId,
) -> Result<impl Stream<Item = Result<Vec<Recorded>, ApiError>> + use<>, ApiError> {
    let filter = HandOutFilter {
        file: Some(file),
        ..HandOutFilter::default()
    };
    let pages = begun(app.storage.hand_outs(*list, filter)).await?;
    Ok(pages.map_err(|error| {
        warn!(%error, "a file's hand-outs were cut off");
        error.into()
    }))
}
