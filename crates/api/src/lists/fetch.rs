//! `GET /v1/coupon-list/{coupon_list_id}`

use actix_web::{HttpResponse, web};

use super::shown::ShownList;
use crate::{App, error::ApiError, path::List};

pub(crate) async fn fetch(app: web::Data<App>, list: List) -> Result<HttpResponse, ApiError> {
    let list = app.storage.list(&list.0).await?;
    Ok(HttpResponse::Ok().json(ShownList::new(list)))
}
