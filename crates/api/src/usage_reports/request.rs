//! `POST /v1/coupon-list/{coupon_list_id}/usage-report`

use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use domain::{MailDomains, Period, parse_day};
use jiff::{civil::Date, tz::TimeZone};
use serde::Serialize;
use storage::{NewUsageReport, RequestReport, RequestReportRefusal};
use utoipa::ToSchema;

use crate::{
    App,
    audit::Made,
    body::{BODY_BYTES, Body},
    error::{ApiError, Envelope},
    fields::{Field, body},
    openapi::{
        refusals::{Guarded, NamesList, ReadsBody},
        texts,
    },
    path::{List, ListPath},
    recipients::refuse_outside,
};

/// The documented answer: a sentence, and nothing to find the report by. `GET` on the same path shows it.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageReportRequested)]
struct Requested {
    message: String,
}

body! {
    /// Which days, and who gets the report.
    #[schema(examples(json!({
        "start_date": "2026-11-01", "end_date": "2026-11-30", "email_subscribers": ["jane@example.com"]
    })))]
    struct UsageReportBody {
        /// Not before the day on which the list was made, in the workspace's time zone.
        #[schema(format = Date)]
        start_date: String,
        /// Not in the future, and not before the start.
        #[schema(format = Date)]
        end_date: String,
        #[schema(min_items = 1, max_items = 50)]
        email_subscribers: Vec<texts::EmailAddress>,
    }
}

#[utoipa::path(
    post,
    path = "/v1/coupon-list/{coupon_list_id}/usage-report",
    operation_id = "generateUsageReport",
    tag = "Reports",
    summary = "Generate Usage Report",
    description = "Builds a CSV of the codes that were handed out in these days and mails it. It can be downloaded too.",
    params(ListPath),
    request_body = UsageReportBody,
    responses(
        (status = 200, description = "It will be built.", body = Requested),
        (status = 400, description = "`invalid-request`, `missing-mandatory-attributes`.", body = Envelope),
        Guarded,
        NamesList,
        ReadsBody,
    ),
)]
pub(crate) async fn request(
    app: web::Data<App>,
    list: List,
    body: Body,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let fields = body.object_or_empty(BODY_BYTES).await?;
    let report = new_report(&fields.lenient(), &app.zone, &app.mail_domains)?;
    let id = match app.storage.request_report(&list.0, &report).await? {
        RequestReport::Requested(id) => id,
        RequestReport::Refused(RequestReportRefusal::TooEarly) => return Err(ApiError::ReportTooEarly),
        RequestReport::Refused(RequestReportRefusal::InFuture) => return Err(ApiError::ReportInFuture),
    };
    request.extensions_mut().insert(Made(id));
    let name = app.storage.list(&list.0).await?.name;
    Ok(HttpResponse::Ok().json(Requested {
        message: format!(
            "The usage report for the {name} coupons is being processed and will be sent to email alert subscribers \
             shortly."
        ),
    }))
}

fn new_report(
    body: &UsageReportBody,
    zone: &TimeZone,
    mail_domains: &MailDomains,
) -> Result<NewUsageReport, ApiError> {
    let start_date = day(&body.start_date)?;
    let end_date = day(&body.end_date)?;
    let subscribers = body.email_subscribers.get()?;
    refuse_outside(&body.email_subscribers, &subscribers, mail_domains)?;
    if subscribers.as_slice().is_empty() {
        return Err(body.email_subscribers.wrong("must name at least one address"));
    }
    let period = Period::new(start_date, end_date, zone).map_err(|error| body.end_date.wrong(error))?;
    Ok(NewUsageReport { period, subscribers })
}

fn day(field: &Field<String>) -> Result<Date, ApiError> {
    parse_day(&field.get()?).map_err(|error| field.wrong(error))
}
