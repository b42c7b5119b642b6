//! `GET /v1/coupon-list/{coupon_list_id}/stock`

use actix_web::{HttpResponse, web};
use serde::Serialize;
use storage::Stock;
use utoipa::ToSchema;

use crate::{
    App,
    error::ApiError,
    openapi::refusals::{Guarded, NamesList},
    path::{List, ListPath},
};

/// From one snapshot: the total is the sum of the rest.
#[derive(Serialize, ToSchema)]
#[schema(as = Stock)]
struct ShownStock {
    total: i64,
    available: i64,
    held: i64,
    /// Redeemed ones among them.
    allocated: i64,
    disabled: i64,
    quarantined: i64,
}

#[utoipa::path(
    get,
    path = "/v1/coupon-list/{coupon_list_id}/stock",
    operation_id = "fetchStock",
    tag = "Stock",
    summary = "What the list holds",
    description = "The codes by state.",
    params(ListPath),
    responses((status = 200, description = "The stock.", body = ShownStock), Guarded, NamesList),
)]
pub(crate) async fn fetch(app: web::Data<App>, list: List) -> Result<HttpResponse, ApiError> {
    let Stock {
        total,
        available,
        held,
        allocated,
        disabled,
        quarantined,
    } = app.storage.stock(&list.0).await?;
    Ok(HttpResponse::Ok().json(ShownStock {
        total,
        available,
        held,
        allocated,
        disabled,
        quarantined,
    }))
}
