//! `GET /v1/coupon-list/{coupon_list_id}/allocations/export`

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE},
    web,
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use reporting::hand_outs_csv;
use tracing::warn;

use super::filter::{FilterParameters, filter, no_file};
use crate::{
    App,
    error::{ApiError, Envelope},
    openapi::refusals::{Guarded, NamesList},
    path::{List, ListPath},
};

#[utoipa::path(
    get,
    path = "/v1/coupon-list/{coupon_list_id}/allocations/export",
    operation_id = "exportAllocations",
    tag = "Allocations",
    summary = "Export who got what",
    description = "A CSV of the hand-outs that the filter takes, as they stand while they are read: `Coupon Code`, `User ID`, \
        `Campaign ID`, `Request ID`, `Status`, `Handed Out At`, `Held Until`. Times are in the workspace's zone; where a \
        spreadsheet would take a cell for a formula, a `'` makes it text. An answer that breaks off is not the whole.",
    params(ListPath, FilterParameters),
    responses(
        (status = 200, description = "The hand-outs.", body = String, content_type = "text/csv"),
        (status = 400, description = "`bad-request`: a parameter is not what it should be, or there twice.", body = Envelope),
        Guarded,
        NamesList,
    ),
)]
pub(crate) async fn export(
    app: web::Data<App>,
    list: List,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let filter = filter(request.query_string())?;
    if let Some(file) = filter.file {
        let known = app.storage.is_quarantined(&list.0, file).await?;
        known.ok_or_else(no_file)?;
    }
    let name = format!("attachment; filename=\"handed-out-{}.csv\"", list.0.public_id);
    let mut csv = Box::pin(hand_outs_csv(&app.storage, *list.0, filter, app.zone.clone()));
    // The head of the file, and the first hand-outs: if they cannot be read, the status says so.
    let begin = [csv.try_next().await?, csv.try_next().await?];
    let begin = stream::iter(begin.into_iter().flatten().map(Ok));
    let csv = begin.chain(csv).map_err(|error| {
        warn!(%error, "an export was cut off");
        ApiError::break_off(error.into())
    });
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, name))
        .insert_header((CACHE_CONTROL, "no-store"))
        .streaming(csv))
}
