//! `PUT /v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/quarantine`, and `…/resume`

use actix_web::{HttpRequest, HttpResponse, web};

use crate::{
    App,
    body::Body,
    error::ApiError,
    openapi::refusals::{Guarded, NamesFile},
    path::{FilePath, List, file_id},
};

#[utoipa::path(
    put,
    path = "/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/quarantine",
    operation_id = "quarantineFile",
    tag = "Coupon Files",
    summary = "Stop a file's codes",
    description = "No code of the file is handed out from the answer on, until it is resumed. Idempotent.",
    params(FilePath),
    responses((status = 204, description = "They are stopped."), Guarded, NamesFile),
)]
pub(crate) async fn quarantine(
    app: web::Data<App>,
    list: List,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    body.nothing().await?;
    set(&app, &list, &request, true).await
}

#[utoipa::path(
    put,
    path = "/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/resume",
    operation_id = "resumeFile",
    tag = "Coupon Files",
    summary = "Let a file's codes go on",
    description = "The opposite of a quarantine. Idempotent.",
    params(FilePath),
    responses((status = 204, description = "They can be handed out again."), Guarded, NamesFile),
)]
pub(crate) async fn resume(
    app: web::Data<App>,
    list: List,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    body.nothing().await?;
    set(&app, &list, &request, false).await
}

async fn set(
    app: &App,
    list: &List,
    request: &HttpRequest,
    quarantined: bool,
) -> Result<HttpResponse, ApiError> {
    let id = file_id(request)?;
    if app.storage.quarantine_file(&list.0, id, quarantined).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(ApiError::NotFound)
    }
}
