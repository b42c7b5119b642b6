//! `GET /v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/progress` (ours: the documented file has no place for
//! it).

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use crate::{
    App,
    error::ApiError,
    path::{List, file_id},
};

#[derive(Serialize)]
struct ShownProgress {
    status: &'static str,
    stage: String,
    bytes_read: i64,
    bytes_expected: Option<i64>,
}

pub(crate) async fn progress(
    app: web::Data<App>,
    list: List,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let progress = app
        .storage
        .progress(&list.0, file_id(&request)?)
        .await?
        .ok_or(ApiError::NotFound)?;
    Ok(HttpResponse::Ok().json(ShownProgress {
        status: progress.status.as_str(),
        stage: progress.stage,
        bytes_read: progress.bytes_read,
        bytes_expected: progress.bytes_expected,
    }))
}
