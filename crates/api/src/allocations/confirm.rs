//! `POST /v1/coupon-list/{coupon_list_id}/allocations/{allocation_id}/confirm`, and the same for many

use actix_web::{HttpRequest, HttpResponse, web};
use storage::ConfirmOutcome;

use super::{
    settle::{self, IdsBody, Settled},
    shown::ShownAllocation,
};
use crate::{
    App,
    body::{BODY_BYTES, Body},
    error::{ApiError, Envelope},
    openapi::refusals::{Guarded, NamesList, NamesPart, ReadsBody},
    path::{AllocationPath, List, ListPath},
};

/// Ten thousand ids are half a megabyte.
const IDS_BYTES: usize = 16 * BODY_BYTES;

#[utoipa::path(
    post,
    path = "/v1/coupon-list/{coupon_list_id}/allocations/{allocation_id}/confirm",
    operation_id = "confirmAllocation",
    tag = "Allocations",
    summary = "Confirm a held code",
    description = "Makes a held code its recipient's for good. Idempotent.",
    params(AllocationPath),
    responses(
        (status = 200, description = "The hand-out as it now stands.", body = ShownAllocation),
        (status = 409, description = "The hold ran out, or the code was given back: `allocation-released`.", body = Envelope),
        Guarded,
        NamesPart,
    ),
)]
pub(crate) async fn confirm(
    app: web::Data<App>,
    list: List,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    body.nothing().await?;
    let position = settle::position(&request, &list.0)?;
    let outcomes = app.storage.confirm(&list.0, &[position]).await?;
    outcomes.into_iter().try_for_each(judged)?;
    Ok(HttpResponse::Ok().json(settle::shown(&app, &list.0, position).await?))
}

#[utoipa::path(
    post,
    path = "/v1/coupon-list/{coupon_list_id}/allocations/confirm",
    operation_id = "confirmAllocations",
    tag = "Allocations",
    summary = "Confirm many held codes",
    description = "Each is answered for itself: as it now stands, or with what kept it from it.",
    params(ListPath),
    request_body = IdsBody,
    responses(
        (status = 200, description = "One item for each id.", body = Settled),
        (status = 400, description = "`invalid-request`, `missing-mandatory-attributes`.", body = Envelope),
        Guarded,
        NamesList,
        ReadsBody,
    ),
)]
pub(crate) async fn confirm_many(
    app: web::Data<App>,
    list: List,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    let ids = body.read(IDS_BYTES, |fields| settle::ids(&fields)).await?;
    let settled = settle::settle(&app, &list.0, ids, async |positions| {
        let outcomes = app.storage.confirm(&list.0, positions).await?;
        Ok(outcomes.into_iter().map(judged).collect())
    });
    Ok(HttpResponse::Ok().json(settled.await?))
}

fn judged(outcome: ConfirmOutcome) -> Result<(), ApiError> {
    match outcome {
        ConfirmOutcome::Confirmed => Ok(()),
        ConfirmOutcome::Released => Err(ApiError::AllocationReleased),
        ConfirmOutcome::Unknown => Err(ApiError::NotFound),
    }
}
