//! Reports asked for, and deleted.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use domain::{Period, PeriodError, PublicId, Subscribers, parse_day};
use jiff::civil::Date;
use storage::{NewUsageReport, RequestReport, RequestReportRefusal};

use super::report_in_path;
use crate::{
    Console,
    error::PageError,
    form::Form,
    page::{Frame, render, render_refused, see},
    visitor::Visitor,
};

/// Days that are filled in to begin with: the last week and today.
const DAYS: i32 = 7;

/// A list to choose.
struct Choice {
    id: String,
    name: String,
    is_chosen: bool,
}

#[derive(Template)]
#[template(path = "reports/new.html")]
struct NewPage<'a> {
    frame: Frame<'a>,
    choices: Vec<Choice>,
    start_date: String,
    end_date: String,
    recipients: String,
    zone: String,
    action: String,
    back: String,
    lists: String,
    refusal: Option<String>,
}

async fn page<'a>(
    console: &Console,
    visitor: &'a Visitor,
    said: &Form,
    refusal: Option<String>,
) -> Result<NewPage<'a>, PageError> {
    let names = console.storage.list_names(visitor.workspace()?).await?;
    let choices = names.into_iter().map(|(id, name)| {
        let id = id.to_string();
        Choice {
            is_chosen: id == said.text("list"),
            id,
            name,
        }
    });
    let today = console.storage.now().await?.to_zoned(console.zone.clone()).date();
    let week_ago = today.checked_sub(jiff::Span::new().days(DAYS)).unwrap_or(today);
    let or = |name: &str, otherwise: String| match said.exact(name) {
        "" => otherwise,
        said => said.to_owned(),
    };
    Ok(NewPage {
        frame: Frame::of("Ask for a report", "reports", visitor),
        choices: choices.collect(),
        start_date: or("start_date", week_ago.to_string()),
        end_date: or("end_date", today.to_string()),
        recipients: or("recipients", visitor.person().email.clone()),
        zone: console.zone.iana_name().unwrap_or("UTC").to_owned(),
        action: visitor.path("/reports/new"),
        back: visitor.path("/reports"),
        lists: visitor.path("/lists"),
        refusal,
    })
}

/// `GET …/reports/new`; `?list=` chooses a list.
pub(crate) async fn show(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    render(&page(&console, &visitor, &Form::of_query(&request), None).await?)
}

/// `POST …/reports/new`
pub(crate) async fn request(
    console: web::Data<Console>,
    visitor: Visitor,
    form: Form,
) -> Result<HttpResponse, PageError> {
    let (storage, workspace) = (&console.storage, visitor.workspace()?);
    let list = match form.text("list").parse::<PublicId>() {
        Ok(id) => storage.find_list(workspace, id).await?,
        Err(_) => None,
    };
    let asked = match list {
        Some(list) => {
            let made_at = storage.list(&list).await?.created_at;
            let made_on = made_at.to_zoned(console.zone.clone()).date();
            new_report(&console, &form, made_on).map(|report| (list, report))
        }
        None => Err("Choose a list.".to_owned()),
    };
    let refusal = match asked {
        Ok((list, report)) => match storage.request_report(&list, &report).await? {
            RequestReport::Requested(id) => {
                let (list, id) = (list.public_id.to_string(), id.to_string());
                storage
                    .note(workspace, "usage-report.request", Some(&list), Some(&id))
                    .await?;
                let text =
                    "The report is being built. You can leave: it is mailed, and stays here for a week.";
                visitor.leave(storage, text).await?;
                return Ok(see(visitor.path("/reports")));
            }
            RequestReport::Refused(RequestReportRefusal::TooEarly) => {
                "The list was not there yet on the last day. End later.".to_owned()
            }
            RequestReport::Refused(RequestReportRefusal::InFuture) => {
                "The last day lies ahead. End today or earlier.".to_owned()
            }
        },
        Err(refusal) => refusal,
    };
    render_refused(&page(&console, &visitor, &form, Some(refusal)).await?)
}

/// Nothing went out before the list was made, so a period that begins before is as good: it begins then.
fn new_report(console: &Console, form: &Form, made_on: Date) -> Result<NewUsageReport, String> {
    let day = |name: &str, called: &str| {
        parse_day(form.text(name)).map_err(|_| format!("The {called} day must be a date like 2026-12-31."))
    };
    let (first, last) = (day("start_date", "first")?, day("end_date", "last")?);
    let first = first.max(made_on.min(last));
    let period = Period::new(first, last, &console.zone).map_err(|error| match error {
        PeriodError::Backwards => "The last day must not lie before the first.".to_owned(),
        PeriodError::NotADay => "The days must be dates like 2026-12-31.".to_owned(),
    })?;
    let addresses = form.text("recipients").split([',', '\n']).map(str::trim);
    let addresses: Vec<String> = addresses
        .filter(|address| !address.is_empty())
        .map(str::to_owned)
        .collect();
    if addresses.is_empty() {
        return Err("Say who gets the report: at least one address.".to_owned());
    }
    let subscribers = Subscribers::new(addresses).map_err(|error| format!("The recipients {error}."))?;
    match console.mail_domains.first_outside(&subscribers) {
        Some(address) => Err(format!(
            "This server may not mail to {address}: its operator allows other domains only."
        )),
        None => Ok(NewUsageReport { period, subscribers }),
    }
}

/// `POST …/reports/{report}/delete`
pub(crate) async fn delete(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let report = report_in_path(&console, &visitor, &request).await?;
    let (storage, workspace) = (&console.storage, visitor.workspace()?);
    if !storage.delete_usage_report(workspace, report.public_id).await? {
        return Err(PageError::NotFound);
    }
    let (list, id) = (report.list.to_string(), report.public_id.to_string());
    storage
        .note(workspace, "usage-report.delete", Some(&list), Some(&id))
        .await?;
    let text = "The report was deleted. Links in mails about it open nothing any more.";
    visitor.leave(storage, text).await?;
    Ok(see(visitor.path("/reports")))
}
