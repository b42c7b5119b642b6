//! `DELETE /v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}`

use actix_web::{HttpRequest, HttpResponse, web};

use crate::{
    App,
    error::ApiError,
    openapi::refusals::{Guarded, NamesFile},
    path::{FilePath, List, file_id},
};

#[utoipa::path(
    delete,
    path = "/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}",
    operation_id = "deleteCouponFile",
    tag = "Coupon Files",
    summary = "Delete a Coupon File",
    description = "The file's codes that were not handed out are gone at once, a load under way is stopped, and the \
        corrected file may be uploaded. Codes that were handed out stay on record.",
    params(FilePath),
    responses((status = 204, description = "The file is deleted."), Guarded, NamesFile),
)]
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
