//! `DELETE /v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}`

use actix_web::{HttpRequest, HttpResponse, web};

use crate::{
    App,
    error::ApiError,
    path::{List, file_id},
};

pub(crate) async fn delete(
    app: web::Data<App>,
    list: List,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    if app.storage.delete_file(&list.0, file_id(&request)?).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(ApiError::NotFound)
    }
}
