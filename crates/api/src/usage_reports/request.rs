//! `POST /v1/coupon-list/{coupon_list_id}/usage-report`

use actix_web::{HttpResponse, web};
use domain::{MailDomains, Period, parse_day};
use jiff::{civil::Date, tz::TimeZone};
use serde::Serialize;
use storage::{NewUsageReport, RequestReport};

use crate::{
    App,
    body::{Body, CONTRACT_BYTES},
    error::ApiError,
    fields::{Fields, wrong},
    path::List,
    recipients::recipients,
};

/// The documented answer: a sentence, and nothing to find the report by. `GET` on the same path shows it.
#[derive(Serialize)]
struct Requested {
    message: String,
}

pub(crate) async fn request(app: web::Data<App>, list: List, body: Body) -> Result<HttpResponse, ApiError> {
    let fields = body.object_or_empty(CONTRACT_BYTES).await?;
    let report = new_report(fields, &app.zone, &app.mail_domains)?;
    match app.storage.request_report(&list.0, &report).await? {
        RequestReport::Requested => {}
        RequestReport::TooEarly => return Err(ApiError::ReportTooEarly),
        RequestReport::InFuture => return Err(ApiError::ReportInFuture),
    }
    let name = app.storage.list(&list.0).await?.name;
    Ok(HttpResponse::Ok().json(Requested {
        message: format!(
            "The usage report for the {name} coupons is being processed and will be sent to email alert subscribers \
             shortly."
        ),
    }))
}

fn new_report(
    mut fields: Fields,
    zone: &TimeZone,
    mail_domains: &MailDomains,
) -> Result<NewUsageReport, ApiError> {
    const RECIPIENTS: &str = "email_subscribers";
    let start_date = day(&mut fields, "start_date")?;
    let end_date = day(&mut fields, "end_date")?;
    let subscribers =
        recipients(&mut fields, RECIPIENTS, mail_domains)?.ok_or(ApiError::MissingKey(Some(RECIPIENTS)))?;
    if subscribers.as_slice().is_empty() {
        return Err(wrong(RECIPIENTS, "must name at least one address"));
    }
    let period = Period::new(start_date, end_date, zone).map_err(|error| wrong("end_date", error))?;
    Ok(NewUsageReport { period, subscribers })
}

fn day(fields: &mut Fields, key: &'static str) -> Result<Date, ApiError> {
    let text = fields.text(key)?.ok_or(ApiError::MissingKey(Some(key)))?;
    parse_day(&text).map_err(|error| wrong(key, error))
}
