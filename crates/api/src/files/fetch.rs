//! `GET /v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}`

use actix_web::{HttpRequest, HttpResponse, web};

use super::shown::ShownFile;
use crate::{
    App,
    error::ApiError,
    openapi::refusals::{Guarded, NamesFile},
    path::{FilePath, List, file_id},
};

#[utoipa::path(
    get,
    path = "/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}",
    operation_id = "fetchCouponFile",
    tag = "Coupon Files",
    summary = "Fetch a Coupon File",
    description = "One file. If it failed or left rows out, `details` says why. A dry run is told by `dry_run`, and what it came to \
        by `outcome`.",
    params(FilePath),
    responses((status = 200, description = "The file.", body = ShownFile), Guarded, NamesFile),
)]
pub(crate) async fn fetch(
    app: web::Data<App>,
    list: List,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let file = app
        .storage
        .file(&list.0, file_id(&request)?)
        .await?
        .ok_or(ApiError::NotFound)?;
    Ok(HttpResponse::Ok().json(ShownFile::with_details(list.0.public_id, file)))
}
