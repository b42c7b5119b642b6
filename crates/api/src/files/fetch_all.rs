//! `GET /v1/coupon-list/{coupon_list_id}/files`

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::shown::ShownFile;
use crate::{
    App,
    error::{ApiError, Envelope},
    openapi::refusals::{Guarded, NamesList},
    page::{PageParameters, page},
    path::{List, ListPath},
};

#[derive(Serialize, ToSchema)]
#[schema(as = CouponFiles)]
struct Files {
    data: Vec<ShownFile>,
}

#[utoipa::path(
    get,
    path = "/v1/coupon-list/{coupon_list_id}/files",
    operation_id = "fetchAllCouponFiles",
    tag = "Coupon Files",
    summary = "Fetch All Coupon Files",
    description = "The list's files that were not deleted, the newest first. Dry runs are not among them.",
    params(ListPath, PageParameters),
    responses(
        (status = 200, description = "The files.", body = Files),
        (status = 400, description = "`bad-request`: a parameter is not what it should be, or there twice.", body = Envelope),
        Guarded,
        NamesList,
    ),
)]
pub(crate) async fn fetch_all(
    app: web::Data<App>,
    list: List,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let files = app.storage.files(&list.0, page(request.query_string())?).await?;
    let shown = |file| ShownFile::with_callback(list.0.public_id, file);
    Ok(HttpResponse::Ok().json(Files {
        data: files.into_iter().map(shown).collect(),
    }))
}
