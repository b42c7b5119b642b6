//! `GET /v1/coupon-list/{coupon_list_id}/bulk-actions/{bulk_action_id}`

use actix_web::{HttpRequest, HttpResponse, web};

use super::shown::ShownBulkAction;
use crate::{
    App,
    error::ApiError,
    openapi::refusals::{Guarded, NamesPart},
    path::{BulkActionPath, List, bulk_action_id},
};

#[utoipa::path(
    get,
    path = "/v1/coupon-list/{coupon_list_id}/bulk-actions/{bulk_action_id}",
    operation_id = "fetchBulkAction",
    tag = "Allocations",
    summary = "How far a bulk action has come",
    params(BulkActionPath),
    responses((status = 200, description = "The action.", body = ShownBulkAction), Guarded, NamesPart),
)]
pub(crate) async fn fetch(
    app: web::Data<App>,
    list: List,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = bulk_action_id(&request)?;
    let action = app.storage.bulk_action(&list.0, id).await?;
    let action = action.ok_or(ApiError::NotFound)?;
    Ok(HttpResponse::Ok().json(ShownBulkAction::new(&list.0, action)))
}
