//! `GET /v1/coupon-list/{coupon_list_id}/codes/{code}`

use actix_web::{HttpRequest, HttpResponse, web};

use super::{passport, place, shown::ShownPassport};
use crate::{
    App,
    error::ApiError,
    openapi::refusals::{Guarded, NamesPart},
    path::{CodePath, List, code_in_path},
};

#[utoipa::path(
    get,
    path = "/v1/coupon-list/{coupon_list_id}/codes/{code}",
    operation_id = "fetchCode",
    tag = "Codes",
    summary = "A code's passport",
    description = "Where the code comes from, who has it, and what happened to it. Codes that went with their file or \
        list before anyone got them are not found.",
    params(CodePath),
    responses((status = 200, description = "The passport.", body = ShownPassport), Guarded, NamesPart),
)]
pub(crate) async fn fetch(
    app: web::Data<App>,
    list: List,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let code = code_in_path(&request)?;
    let place = place(&app, &list.0, &code).await?;
    let passport = passport(&app, &list.0, code, place)
        .await?
        .ok_or(ApiError::NotFound)?;
    Ok(HttpResponse::Ok().json(passport))
}
