//! `POST /v1/coupon-list/{coupon_list_id}/allocations/{allocation_id}/release`, and the same for many

use actix_web::{HttpRequest, HttpResponse, web};
use storage::ReleaseOutcome;

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
    path = "/v1/coupon-list/{coupon_list_id}/allocations/{allocation_id}/release",
    operation_id = "releaseAllocation",
    tag = "Allocations",
    summary = "Give a code back",
    description = "Gives a held or allocated code back to the pool, from where it goes to the next request. Idempotent.",
    params(AllocationPath),
    responses(
        (status = 200, description = "The hand-out as it now stands.", body = ShownAllocation),
        (status = 409, description = "The code was redeemed, `already-redeemed`, or disabled, `coupon-code-disabled`.", body = Envelope),
        Guarded,
        NamesPart,
    ),
)]
pub(crate) async fn release(
    app: web::Data<App>,
    list: List,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    body.nothing().await?;
    let position = settle::position(&request, &list.0)?;
    let outcomes = app.storage.release(&list.0, &[position]).await?;
    outcomes.into_iter().try_for_each(judged)?;
    Ok(HttpResponse::Ok().json(settle::shown(&app, &list.0, position).await?))
}

#[utoipa::path(
    post,
    path = "/v1/coupon-list/{coupon_list_id}/allocations/release",
    operation_id = "releaseAllocations",
    tag = "Allocations",
    summary = "Give many codes back",
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
pub(crate) async fn release_many(
    app: web::Data<App>,
    list: List,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    let ids = body.read(IDS_BYTES, |fields| settle::ids(&fields)).await?;
    let settled = settle::settle(&app, &list.0, ids, async |positions| {
        let outcomes = app.storage.release(&list.0, positions).await?;
        Ok(outcomes.into_iter().map(judged).collect())
    });
    Ok(HttpResponse::Ok().json(settled.await?))
}

fn judged(outcome: ReleaseOutcome) -> Result<(), ApiError> {
    match outcome {
        ReleaseOutcome::Released => Ok(()),
        ReleaseOutcome::Redeemed => Err(ApiError::AlreadyRedeemed),
        ReleaseOutcome::Disabled => Err(ApiError::CodeDisabled),
        ReleaseOutcome::Unknown => Err(ApiError::NotFound),
    }
}
