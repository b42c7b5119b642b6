//! `GET /v1/coupon-list/{coupon_list_id}/bulk-actions`

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::shown::ShownBulkAction;
use crate::{
    App,
    error::ApiError,
    openapi::refusals::{Guarded, NamesList},
    path::{List, ListPath},
};

#[derive(Serialize, ToSchema)]
#[schema(as = BulkActions)]
struct BulkActions {
    data: Vec<ShownBulkAction>,
}

#[utoipa::path(
    get,
    path = "/v1/coupon-list/{coupon_list_id}/bulk-actions",
    operation_id = "fetchAllBulkActions",
    tag = "Allocations",
    summary = "What was done to many hand-outs",
    description = "The list's bulk actions of the last thirty days, a hundred at most, the newest first.",
    params(ListPath),
    responses((status = 200, description = "The actions.", body = BulkActions), Guarded, NamesList),
)]
pub(crate) async fn fetch_all(app: web::Data<App>, list: List) -> Result<HttpResponse, ApiError> {
    let actions = app.storage.bulk_actions(&list.0).await?;
    Ok(HttpResponse::Ok().json(BulkActions {
        data: actions
            .into_iter()
            .map(|action| ShownBulkAction::new(&list.0, action))
            .collect(),
    }))
}
