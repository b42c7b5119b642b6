//! `GET /v1/coupon-list/{coupon_list_id}/allocations`

use actix_web::{HttpRequest, HttpResponse, web};
use domain::AllocationId;
use serde::Serialize;
use storage::{ListRef, Recorded};
use utoipa::ToSchema;

use super::{
    filter::{FilterParameters, filter, no_file},
    shown::ShownAllocation,
};
use crate::{
    App,
    error::{ApiError, Envelope},
    openapi::refusals::{Guarded, NamesList},
    path::{List, ListPath},
    query::query,
};

/// The most hand-outs of one page, and how many there are if nothing is said.
const MOST: i64 = 1_000;
const USUAL: i64 = 100;

query! {
    struct LedgerParameters {
        #[param(min_length = 1)]
        request_id: Option<String>,
        /// The `next_cursor` of the page before.
        cursor: Option<String>,
        /// 100 if absent.
        #[param(minimum = 1, maximum = 1000)]
        limit: Option<i64>,
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = Allocations)]
struct Page {
    data: Vec<ShownAllocation>,
    /// For the next page; null on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

#[utoipa::path(
    get,
    path = "/v1/coupon-list/{coupon_list_id}/allocations",
    operation_id = "fetchAllocations",
    tag = "Allocations",
    summary = "Who got what",
    description = "The list's hand-outs, page by page, by user, campaign, request, file, status or time if asked for. A page \
        with a `next_cursor` may have fewer than `limit`, even none: where few hand-outs fit, so many of the others are looked \
        at for a page and no more.",
    params(ListPath, FilterParameters, LedgerParameters),
    responses(
        (status = 200, description = "A page.", body = Page),
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
    let filter = filter(request.query_string())?;
    let asked = LedgerParameters::of(request.query_string());
    let request_id = asked.request_id.id()?;
    let limit = asked.limit.number(1..=MOST)?.unwrap_or(USUAL);
    let not_a_cursor = || {
        asked
            .cursor
            .wrong("must be the 'next_cursor' of a page of this list")
    };
    let after = asked
        .cursor
        .text()?
        .map(|cursor| AllocationId::decode(cursor, list.0.key).ok_or_else(not_a_cursor))
        .transpose()?;
    if let Some(request_id) = request_id {
        // One key, one code.
        let found = app.storage.by_request(&list.0, &request_id, &filter).await?;
        let found = found.filter(|_| after.is_none());
        return Ok(page(&list.0, found.into_iter().collect(), None));
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let found = app.storage.ledger_page(&list.0, &filter, after, limit).await?;
    let found = found.ok_or_else(no_file)?;
    let next = found.next.map(|next| AllocationId::encode(next, list.0.key));
    Ok(page(&list.0, found.hand_outs, next))
}

fn page(list: &ListRef, found: Vec<Recorded>, next_cursor: Option<String>) -> HttpResponse {
    let data = found
        .into_iter()
        .map(|recorded| ShownAllocation::recorded(list, recorded))
        .collect();
    HttpResponse::Ok().json(Page { data, next_cursor })
}
