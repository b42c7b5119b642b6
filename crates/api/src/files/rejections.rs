//! `GET /v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/rejections` (ours)

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_TYPE, VARY},
    web,
};
use domain::REJECTED_ROWS_HEAD;
use futures_util::StreamExt as _;
use storage::Rejections;

use crate::{
    App,
    begun::begun,
    error::{ApiError, Envelope},
    gzip::{cut_off, plain, takes_gzip},
    openapi::refusals::{Guarded, NamesFile},
    path::{FilePath, List, file_id},
};

#[utoipa::path(
    get,
    path = "/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/rejections",
    operation_id = "fetchFileRejections",
    tag = "Coupon Files",
    summary = "Fetch a file's rejected rows",
    description = "All rows that were left out because something was wrong with them, as CSV: line, value and reason. For a \
        week after the load; then it is 404. Where they are more than 8 MiB, compressed, the last row says how many are not \
        there.",
    params(FilePath),
    responses(
        (status = 200, description = "The rows.", body = String, content_type = "text/csv"),
        (status = 409, description = "`coupon-file-pending`", body = Envelope),
        Guarded,
        NamesFile,
    ),
)]
pub(crate) async fn rejections(
    app: web::Data<App>,
    list: List,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = file_id(&request)?;
    let kept = match app.storage.rejections(&list.0, id).await? {
        None | Some(Rejections::Gone) => return Err(ApiError::NotFound),
        Some(Rejections::Pending) => return Err(ApiError::FileNotLoaded),
        Some(Rejections::Empty) => None,
        Some(Rejections::Kept(kept)) => Some(kept),
    };
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"rejected-rows-{id}.csv\""),
        ))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((VARY, "accept-encoding"));
    let Some(kept) = kept else {
        return Ok(answer.body(REJECTED_ROWS_HEAD));
    };
    let pieces = begun(app.storage.rejection_pieces(kept)).await?;
    let pieces = pieces.map(|piece| piece.map_err(cut_off));
    if takes_gzip(&request) {
        answer.insert_header((CONTENT_ENCODING, "gzip"));
        return Ok(answer.streaming(pieces));
    }
    Ok(answer.streaming(plain(pieces)))
}
