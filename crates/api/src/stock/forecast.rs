//! `GET /v1/coupon-list/{coupon_list_id}/forecast`

use actix_web::{HttpResponse, web};
use domain::{Forecast, Usage, instant_with_zone};
use jiff::SignedDuration;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    App,
    error::ApiError,
    openapi::refusals::{Guarded, NamesList},
    path::{List, ListPath},
};

/// How fast the list is used up, and until when it lasts.
#[derive(Serialize, ToSchema)]
#[schema(as = StockForecast)]
struct ShownForecast {
    available: i64,
    handed_out: ShownPace,
    /// Null if nothing was handed out in the last week, or the list is archived or expired.
    #[schema(required = true)]
    runs_dry: Option<ShownRunsDry>,
    #[schema(value_type = crate::openapi::texts::Instant)]
    expires_at: String,
    /// Whether it is expected to run dry before it expires; null if it is not expected to run dry.
    #[schema(required = true)]
    before_expiry: Option<bool>,
}

/// Fresh codes that went out lately; codes that were given back and went out again are not counted.
#[derive(Serialize, ToSchema)]
#[schema(as = Pace)]
#[allow(clippy::struct_field_names, reason = "the names are the wire's")]
struct ShownPace {
    last_minute: i64,
    last_hour: i64,
    last_day: i64,
    last_week: i64,
}

/// `expected` goes by the last day (or what there is of it), `earliest` and `latest` by the fastest and the slowest of the
/// four times.
#[derive(Serialize, ToSchema)]
#[schema(as = RunsDry)]
struct ShownRunsDry {
    #[schema(value_type = crate::openapi::texts::Instant)]
    expected: String,
    #[schema(value_type = crate::openapi::texts::Instant)]
    earliest: String,
    #[schema(value_type = crate::openapi::texts::Instant)]
    latest: String,
}

#[utoipa::path(
    get,
    path = "/v1/coupon-list/{coupon_list_id}/forecast",
    operation_id = "fetchForecast",
    tag = "Stock",
    summary = "When the list runs dry",
    description = "What is left, how fast it went lately, and until when it lasts if it goes on like that.",
    params(ListPath),
    responses((status = 200, description = "The forecast.", body = ShownForecast), Guarded, NamesList),
)]
pub(crate) async fn forecast(app: web::Data<App>, list: List) -> Result<HttpResponse, ApiError> {
    let pace = app.storage.pace(&list.0).await?;
    let out = pace.handed_out;
    let usage = |codes, hours_or_less| Usage {
        codes,
        within: hours_or_less,
    };
    let usages = [
        usage(out.minute, SignedDuration::from_mins(1)),
        usage(out.hour, SignedDuration::from_hours(1)),
        usage(out.day, SignedDuration::from_hours(24)),
        usage(out.week, SignedDuration::from_hours(7 * 24)),
    ];
    let since = pace.since.unwrap_or(pace.now);
    let forecast = Forecast::new(pace.available, &usages, since, pace.now).filter(|_| pace.active);
    Ok(HttpResponse::Ok().json(ShownForecast {
        available: pace.available,
        handed_out: ShownPace {
            last_minute: out.minute,
            last_hour: out.hour,
            last_day: out.day,
            last_week: out.week,
        },
        expires_at: instant_with_zone(pace.expires_at),
        before_expiry: forecast.map(|forecast| forecast.expected < pace.expires_at),
        runs_dry: forecast.map(|forecast| ShownRunsDry {
            expected: instant_with_zone(forecast.expected),
            earliest: instant_with_zone(forecast.earliest),
            latest: instant_with_zone(forecast.latest),
        }),
    }))
}
