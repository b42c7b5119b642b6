//! `PUT /v1/coupon-list/{coupon_list_id}/archive`

use actix_web::{HttpResponse, web};

use crate::{App, error::ApiError, path::List};

/// A body is ignored: the endpoint documents none.
pub(crate) async fn archive(app: web::Data<App>, list: List) -> Result<HttpResponse, ApiError> {
    app.storage.archive_list(&list.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
