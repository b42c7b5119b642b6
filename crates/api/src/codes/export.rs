//! `GET /v1/coupon-list/{coupon_list_id}/codes/export`

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE},
    web::{self, Bytes},
};
use futures_util::{StreamExt as _, TryStreamExt as _, future::ready, stream};
use tracing::warn;

use crate::{
    App,
    error::ApiError,
    openapi::refusals::{Guarded, NamesList},
    path::{List, ListPath},
};

const HEADER: &[u8] = b"Coupon Code,Status\r\n";

#[utoipa::path(
    get,
    path = "/v1/coupon-list/{coupon_list_id}/codes/export",
    operation_id = "exportCodes",
    tag = "Codes",
    summary = "Export the codes that nobody has",
    description = "A CSV with the columns `Coupon Code` and `Status` (`AVAILABLE`, `QUARANTINED`, `DISABLED`); it can be \
        uploaded again as it is (disabled codes too, which would then be codes like any other). A code that is handed out while the export runs may still be in it.",
    params(ListPath),
    responses(
        (status = 200, description = "The codes.", body = String, content_type = "text/csv"),
        Guarded,
        NamesList,
    ),
)]
pub(crate) async fn export(app: web::Data<App>, list: List) -> Result<HttpResponse, ApiError> {
    let file_name = format!("attachment; filename=\"codes-{}.csv\"", list.0.public_id);
    let codes = app.storage.export_codes(&list.0).await?;
    let rest = stream::try_unfold(codes, |mut codes| async move {
        let piece = codes.next().await.inspect_err(|error| {
            warn!(%error, "an export was cut off");
        })?;
        piece.map(|lines| Ok((as_csv(&lines)?, codes))).transpose()
    });
    let header = stream::once(ready(Ok(Bytes::from_static(HEADER))));
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, file_name))
        .insert_header((CACHE_CONTROL, "no-store"))
        .streaming(header.chain(rest).map_err(ApiError::break_off)))
}

/// Lines of `code<TAB>status` as CSV. Nothing is added to a code that looks like a formula: what is exported must be
/// what can be uploaded.
fn as_csv(lines: &[u8]) -> Result<Bytes, ApiError> {
    let mut csv = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::with_capacity(lines.len() + lines.len() / 4));
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        // Writing to a Vec cannot fail.
        csv.write_record(line.split(|byte| *byte == b'\t'))
            .map_err(|_| ApiError::BUSY)?;
    }
    csv.into_inner().map(Bytes::from).map_err(|_| ApiError::BUSY)
}
