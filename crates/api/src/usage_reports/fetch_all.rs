//! `GET /v1/coupon-list/{coupon_list_id}/usage-report` (ours: the documented API mails reports and shows none).

use actix_web::{HttpResponse, web};
use serde::Serialize;

use super::shown::ShownReport;
use crate::{App, error::ApiError, path::List};

#[derive(Serialize)]
struct Reports {
    data: Vec<ShownReport>,
}

pub(crate) async fn fetch_all(app: web::Data<App>, list: List) -> Result<HttpResponse, ApiError> {
    let reports = app.storage.usage_reports(&list.0).await?;
    Ok(HttpResponse::Ok().json(Reports {
        data: reports.into_iter().map(ShownReport::from).collect(),
    }))
}
