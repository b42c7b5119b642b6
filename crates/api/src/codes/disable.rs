//! `POST /v1/coupon-list/{coupon_list_id}/codes/{code}/disable`

use actix_web::{HttpRequest, HttpResponse, web};
use storage::DisableOutcome;

use super::{passport, place, shown::ShownPassport};
use crate::{
    App,
    body::Body,
    error::{ApiError, Envelope},
    openapi::refusals::{Guarded, NamesPart},
    path::{CodePath, List, code_in_path},
};

#[utoipa::path(
    post,
    path = "/v1/coupon-list/{coupon_list_id}/codes/{code}/disable",
    operation_id = "disableCode",
    tag = "Codes",
    summary = "Disable a code",
    description = "The code is never handed out (again). Whoever has it keeps it, but it can no longer be redeemed, \
        confirmed or given back, and its request key answers as one whose code was given back. Idempotent.",
    params(CodePath),
    responses(
        (status = 200, description = "It is disabled, now or before.", body = ShownPassport),
        (status = 409, description = "`already-redeemed`", body = Envelope),
        Guarded,
        NamesPart,
    ),
)]
pub(crate) async fn disable(
    app: web::Data<App>,
    list: List,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    body.nothing().await?;
    let code = code_in_path(&request)?;
    let place = place(&app, &list.0, &code).await?;
    match app.storage.disable(&list.0, place, &code).await? {
        DisableOutcome::Disabled => {}
        DisableOutcome::Redeemed => return Err(ApiError::AlreadyRedeemed),
        DisableOutcome::Absent => return Err(ApiError::NotFound),
    }
    let passport = passport(&app, &list.0, code, place)
        .await?
        .ok_or(ApiError::NotFound)?;
    Ok(HttpResponse::Ok().json(passport))
}
