//! `GET /v1/coupon-list/{coupon_list_id}/files`

use actix_web::{HttpResponse, web};
use serde::Serialize;

use super::shown::ShownFile;
use crate::{App, error::ApiError, path::List};

#[derive(Serialize)]
struct Files {
    data: Vec<ShownFile>,
}

pub(crate) async fn fetch_all(app: web::Data<App>, list: List) -> Result<HttpResponse, ApiError> {
    let files = app.storage.files(&list.0).await?;
    let shown = |file| ShownFile::with_callback(list.0.public_id, file);
    Ok(HttpResponse::Ok().json(Files {
        data: files.into_iter().map(shown).collect(),
    }))
}
