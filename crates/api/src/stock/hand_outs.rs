//! `GET /v1/coupon-list/{coupon_list_id}/hand-outs`

use actix_web::{HttpRequest, HttpResponse, web};
use domain::{instant_with_zone, last_days, last_hours};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    App,
    error::{ApiError, Envelope},
    openapi::{
        refusals::{Guarded, NamesList},
        texts,
    },
    path::{List, ListPath},
    query::query,
};

/// Hours of a week, and days of a year, which may be a leap year.
const MOST_HOURS: i64 = 7 * 24;
const MOST_DAYS: i64 = 366;
const USUAL_HOURS: i64 = 24;
const USUAL_DAYS: i64 = 30;

query! {
    struct HandOutsParameters {
        /// `hour` or `day`, as they begin in the workspace's zone. `day` if absent.
        per: Option<String>,
        /// How many, the one that has begun among them: 30 days (366 at most) or 24 hours (168) if absent.
        #[param(minimum = 1, maximum = 366)]
        last: Option<i64>,
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = HandOuts)]
struct HandOuts {
    /// In the order of time; the last one has not ended.
    data: Vec<ShownSpan>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = HandOutsOfSpan)]
struct ShownSpan {
    #[schema(value_type = texts::Instant)]
    from: String,
    #[schema(value_type = texts::Instant)]
    until: String,
    /// Fresh codes; those that were given back and went out again are not counted.
    handed_out: i64,
}

#[utoipa::path(
    get,
    path = "/v1/coupon-list/{coupon_list_id}/hand-outs",
    operation_id = "fetchHandOuts",
    tag = "Stock",
    summary = "How many codes went out, by hour or day",
    params(ListPath, HandOutsParameters),
    responses(
        (status = 200, description = "The numbers.", body = HandOuts),
        (status = 400, description = "`bad-request`: a parameter is not what it should be, or there twice.", body = Envelope),
        Guarded,
        NamesList,
    ),
)]
pub(crate) async fn hand_outs(
    app: web::Data<App>,
    list: List,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let asked = HandOutsParameters::of(request.query_string());
    let (spans, usual, most): (fn(_, &_, i32) -> _, _, _) = match asked.per.text()? {
        None | Some("day") => (last_days, USUAL_DAYS, MOST_DAYS),
        Some("hour") => (last_hours, USUAL_HOURS, MOST_HOURS),
        Some(_) => return Err(asked.per.wrong("must be hour or day")),
    };
    let last = asked.last.number(1..=most)?.unwrap_or(usual);
    let now = app.storage.now().await?;
    let instants: Vec<Timestamp> = spans(now, &app.zone, i32::try_from(last).unwrap_or(i32::MAX));
    let handed_out = app.storage.hand_outs_between(&list.0, &instants).await?;
    let data = instants
        .windows(2)
        .zip(handed_out)
        .filter_map(|(span, handed_out)| {
            let [from, until] = span else { return None };
            Some(ShownSpan {
                from: instant_with_zone(*from),
                until: instant_with_zone(*until),
                handed_out,
            })
        });
    Ok(HttpResponse::Ok().json(HandOuts { data: data.collect() }))
}
