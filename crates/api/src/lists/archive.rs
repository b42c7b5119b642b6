//! `PUT /v1/coupon-list/{coupon_list_id}/archive`

use actix_web::{HttpResponse, web};

use crate::{
    App,
    error::ApiError,
    openapi::refusals::{Guarded, NamesList},
    path::{List, ListPath},
};

#[utoipa::path(
    put,
    path = "/v1/coupon-list/{coupon_list_id}/archive",
    operation_id = "archiveCouponList",
    tag = "Coupon Lists",
    summary = "Archive a Coupon List",
    description = "Nothing is handed out from the answer on, and codes not handed out are gone for good. Loads under \
        way fail. Requests that were answered before go on getting their codes.",
    params(ListPath),
    responses((status = 204, description = "The list is archived."), Guarded, NamesList),
)]
/// A body is ignored: the endpoint documents none.
pub(crate) async fn archive(app: web::Data<App>, list: List) -> Result<HttpResponse, ApiError> {
    app.storage.archive_list(&list.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
