//! `GET /v1/coupon-list/{coupon_list_id}/usage-report` (ours: the documented API mails reports and shows none).

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::shown::ShownReport;
use crate::{
    App,
    error::ApiError,
    openapi::refusals::{Guarded, NamesList},
    path::{List, ListPath},
};

#[derive(Serialize, ToSchema)]
#[schema(as = UsageReports)]
struct Reports {
    data: Vec<ShownReport>,
}

#[utoipa::path(
    get,
    path = "/v1/coupon-list/{coupon_list_id}/usage-report",
    operation_id = "fetchAllUsageReports",
    tag = "Reports",
    summary = "Fetch All Usage Reports",
    description = "The list's reports of the last week, the newest first.",
    params(ListPath),
    responses((status = 200, description = "The reports.", body = Reports), Guarded, NamesList),
)]
pub(crate) async fn fetch_all(app: web::Data<App>, list: List) -> Result<HttpResponse, ApiError> {
    let reports = app.storage.usage_reports(&list.0).await?;
    Ok(HttpResponse::Ok().json(Reports {
        data: reports.into_iter().map(ShownReport::from).collect(),
    }))
}
