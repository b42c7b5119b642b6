//! `GET /v1/coupon-list/{coupon_list_id}`

use actix_web::{HttpResponse, web};

use super::shown::ShownList;
use crate::{
    App,
    error::ApiError,
    openapi::refusals::{Guarded, NamesList},
    path::{List, ListPath},
};

#[utoipa::path(
    get,
    path = "/v1/coupon-list/{coupon_list_id}",
    operation_id = "fetchCouponList",
    tag = "Coupon Lists",
    summary = "Fetch Coupon List Details",
    description = "One list. `total_coupons` − `available_coupons` codes were handed out, held or disabled.",
    params(ListPath),
    responses((status = 200, description = "The list.", body = ShownList), Guarded, NamesList),
)]
pub(crate) async fn fetch(app: web::Data<App>, list: List) -> Result<HttpResponse, ApiError> {
    let list = app.storage.list(&list.0).await?;
    Ok(HttpResponse::Ok().json(ShownList::new(list)))
}
