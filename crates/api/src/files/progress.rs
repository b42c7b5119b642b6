//! `GET /v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/progress` (ours: the documented file has no place for
//! it).

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::shown::ShownStatus;
use crate::{
    App,
    error::ApiError,
    openapi::refusals::{Guarded, NamesFile},
    path::{FilePath, List, file_id},
    words::words,
};

#[derive(Serialize, ToSchema)]
#[schema(as = FileProgress)]
struct ShownProgress {
    status: ShownStatus,
    stage: Stage,
    #[schema(minimum = 0)]
    bytes_read: i64,
    /// What the host announced, if it did.
    #[schema(required = true, minimum = 0)]
    bytes_expected: Option<i64>,
}

words! {
    /// What is being done with the file.
    #[schema(as = FileStage)]
    #[serde(rename_all = "lowercase")]
    enum Stage of storage::Stage {
        Waiting,
        Downloading,
        Sorting,
        Comparing,
        Storing,
        Done,
    }
}

#[utoipa::path(
    get,
    path = "/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/progress",
    operation_id = "fetchFileProgress",
    tag = "Coupon Files",
    summary = "Fetch a file's progress",
    description = "How far the load of a file has come. Beyond the MoEngage API.",
    params(FilePath),
    responses((status = 200, description = "The progress.", body = ShownProgress), Guarded, NamesFile),
)]
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
        status: progress.status.into(),
        stage: progress.stage.into(),
        bytes_read: progress.bytes_read,
        bytes_expected: progress.bytes_expected,
    }))
}
