//! `GET /v1/coupon-list/{coupon_list_id}/allocations`

use actix_web::{HttpRequest, HttpResponse, web};
use domain::{AllocationId, ExternalId, RequestKey};
use serde::Serialize;
use storage::{LedgerQuery, ListRef, Recorded};
use utoipa::ToSchema;

use super::shown::ShownAllocation;
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
        user_id: Option<String>,
        #[param(min_length = 1)]
        campaign_id: Option<String>,
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
    description = "The list's hand-outs, page by page, by user, campaign or request if asked for.",
    params(ListPath, LedgerParameters),
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
    let asked = LedgerParameters::of(request.query_string());
    let (user_id, campaign_id) = (asked.user_id.id()?, asked.campaign_id.id()?);
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
        let found = app.storage.by_request(&list.0, key_of(&list.0, &request_id));
        let is_wanted = |recorded: &Recorded| {
            let same = |wanted: &Option<ExternalId>, found: &Option<String>| {
                wanted
                    .as_ref()
                    .is_none_or(|id| Some(id.as_str()) == found.as_deref())
            };
            // The key of an erased person's request is still known, the request no longer.
            recorded.request_id.as_deref() == Some(request_id.as_str())
                && same(&user_id, &recorded.user_id)
                && same(&campaign_id, &recorded.campaign_id)
        };
        let found = found.await?.filter(is_wanted).filter(|_| after.is_none());
        return Ok(page(&list.0, found.into_iter().collect(), None));
    }
    let query = LedgerQuery {
        file: None,
        user_id,
        campaign_id: campaign_id.map(ExternalId::into_string),
        after,
        limit: i32::try_from(limit).unwrap_or(i32::MAX),
    };
    let found = app
        .storage
        .ledger_page(&list.0, &query)
        .await?
        .unwrap_or_default();
    let is_full = i64::try_from(found.len()) == Ok(limit);
    let last = found
        .last()
        .filter(|_| is_full)
        .map(|last| last.allocation.position);
    let next = last.map(|position| AllocationId::encode(position, list.0.key));
    Ok(page(&list.0, found, next))
}

fn page(list: &ListRef, found: Vec<Recorded>, next_cursor: Option<String>) -> HttpResponse {
    let data = found
        .into_iter()
        .map(|recorded| ShownAllocation::recorded(list, recorded))
        .collect();
    HttpResponse::Ok().json(Page { data, next_cursor })
}

/// A request id alone makes the key, whoever the user is.
fn key_of(list: &ListRef, request_id: &ExternalId) -> RequestKey {
    RequestKey::of(list.public_id, request_id, Some(request_id), None)
}
