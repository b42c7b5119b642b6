//! `GET /v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}`

use actix_web::{HttpRequest, HttpResponse, web};

use super::shown::ShownFile;
use crate::{
    App,
    error::ApiError,
    path::{List, file_id},
};

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
