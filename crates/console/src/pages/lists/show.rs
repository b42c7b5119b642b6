//! `GET /console/w/{workspace}/lists/{list}`

use actix_web::{HttpRequest, HttpResponse, web};
use askama::{Template, filters::Safe};
use domain::{FileStatus, Forecast, ListStatus, Usage, last_days, personalization_snippet};
use jiff::{SignedDuration, Timestamp};
use storage::{CouponFile, CouponList, ListRef, Pace, Page, Stock};

use super::{
    chart::{self, Line},
    filter::state,
    list_in_path, list_path,
};
use crate::{Console, error::PageError, page::Frame, page::render, shown, visitor::Visitor};

/// Days that are looked back at, a bar each.
const DAYS: i32 = 30;
/// Files shown here, the newest first.
const FILES: i64 = 100;
/// And of those that were only checked.
const CHECKS: i64 = 20;

/// A day, what went out on it, and what was left at its end.
struct Day {
    name: String,
    handed_out: String,
    left: String,
}

/// A file of the list.
struct FileRow {
    name: String,
    href: String,
    state: (&'static str, &'static str),
    added: String,
    left_out: String,
    at: Safe<String>,
}

#[derive(Template)]
#[template(path = "lists/show.html")]
struct ListPage<'a> {
    frame: Frame<'a>,
    list: CouponList,
    stock: Stock,
    state: (&'static str, &'static str),
    expires: Safe<String>,
    expires_away: String,
    forecast: String,
    handed_out_day: String,
    handed_out_week: String,
    bars: Safe<String>,
    line: Safe<String>,
    days: Vec<Day>,
    files: Vec<FileRow>,
    has_more_files: bool,
    checks: Vec<FileRow>,
    snippet: String,
    curl: String,
    hand_outs: String,
    is_active: bool,
    may_manage: bool,
    upload: String,
    pull_tokens: String,
    report: String,
    edit: String,
    archive: String,
    activate: String,
    zone: String,
    at: Safe<String>,
}

impl ListPage<'_> {
    #[expect(
        clippy::unused_self,
        clippy::trivially_copy_pass_by_ref,
        reason = "as templates call it"
    )]
    fn number(&self, number: &i64) -> String {
        shown::number(*number)
    }
}

pub(crate) async fn show(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let reference = list_in_path(&console, &visitor, &request).await?;
    let storage = &console.storage;
    let list = storage.list(&reference).await?;
    let stock = storage.stock(&reference).await?;
    let pace = storage.pace(&reference).await?;
    let page = Page {
        limit: Some(FILES),
        offset: 0,
    };
    let files = storage.files(&reference, page).await?;
    let checks = storage.dry_runs(&reference, CHECKS).await?;
    let instants = last_days(pace.now, &console.zone, DAYS);
    let days = storage.hand_outs_between(&reference, &instants).await?;
    let line = Line::new(&pace, &instants, &days, &files, runs_dry(&pace));
    let here = |rest: &str| list_path(&visitor, &reference, rest);
    render(&ListPage {
        frame: Frame::of(&list.name, "lists", &visitor),
        state: state(&list),
        expires: shown::time(list.expires_at, &console.zone),
        expires_away: shown::away(list.expires_at, pace.now),
        forecast: forecast(&console, &list, &pace),
        handed_out_day: shown::number(pace.handed_out.day),
        handed_out_week: shown::number(pace.handed_out.week),
        bars: chart::hand_outs(&days),
        line: chart::stock(&line),
        days: named(&console, &instants, &days, &line.stock),
        has_more_files: i64::try_from(files.len()) == Ok(FILES),
        files: files
            .into_iter()
            .map(|file| row(&console, &visitor, &reference, file))
            .collect(),
        checks: checks
            .into_iter()
            .map(|file| row(&console, &visitor, &reference, file))
            .collect(),
        snippet: personalization_snippet(&list.label),
        curl: curl(&console, &visitor, &reference),
        hand_outs: here("/handed-out"),
        is_active: list.status == ListStatus::Active,
        may_manage: visitor.may_manage(),
        upload: here("/upload"),
        pull_tokens: here("/pull-tokens"),
        report: visitor.path(&format!("/reports/new?list={}", reference.public_id)),
        edit: here("/edit"),
        archive: here("/archive"),
        activate: here("/activate"),
        zone: console.zone.iana_name().unwrap_or("UTC").to_owned(),
        at: shown::time(pace.now, &console.zone),
        stock,
        list: list.clone(),
    })
}

/// By day, the newest first.
fn named(console: &Console, instants: &[Timestamp], days: &[i64], stock: &[i64]) -> Vec<Day> {
    let name = |at: &Timestamp| at.to_zoned(console.zone.clone()).strftime("%Y-%m-%d").to_string();
    let ends = stock.iter().skip(1);
    let days = instants.iter().zip(days).zip(ends).map(|((at, many), left)| Day {
        name: name(at),
        handed_out: shown::number(*many),
        left: shown::number(*left),
    });
    let mut days: Vec<Day> = days.collect();
    days.reverse();
    days
}

/// When the list runs dry, as far as its pace says.
fn runs_dry(pace: &Pace) -> Option<Forecast> {
    let out = pace.handed_out;
    let usage = |codes, within| Usage { codes, within };
    let usages = [
        usage(out.minute, SignedDuration::from_mins(1)),
        usage(out.hour, SignedDuration::from_hours(1)),
        usage(out.day, SignedDuration::from_hours(24)),
        usage(out.week, SignedDuration::from_hours(7 * 24)),
    ];
    let since = pace.since.unwrap_or(pace.now);
    Forecast::new(pace.available, &usages, since, pace.now).filter(|_| pace.active && pace.available > 0)
}

/// One sentence.
fn forecast(console: &Console, list: &CouponList, pace: &Pace) -> String {
    if !pace.active {
        return match list.status {
            ListStatus::Archived => "The list is archived: nothing goes out of it.".to_owned(),
            _ => "The list has expired: nothing goes out of it.".to_owned(),
        };
    }
    if list.total == 0 {
        return "The list has no codes yet.".to_owned();
    }
    if pace.available == 0 {
        return "No code is left. Whoever asks for one is refused until the list gets another file."
            .to_owned();
    }
    let Some(forecast) = runs_dry(pace) else {
        return "Nothing went out in the last week, so nothing can be said about when the list runs dry."
            .to_owned();
    };
    let day = |at: Timestamp| at.to_zoned(console.zone.clone()).strftime("%Y-%m-%d").to_string();
    let (earliest, latest) = (day(forecast.earliest), day(forecast.latest));
    let range = if earliest == latest {
        String::new()
    } else {
        format!("; at its fastest and slowest pace of the last week between {earliest} and {latest}")
    };
    let when = format!(
        "At the pace of the last day the list runs dry on {} ({}){range}.",
        day(forecast.expected),
        shown::away(forecast.expected, pace.now),
    );
    if forecast.expected > list.expires_at {
        format!("The list expires before it runs dry. {when}")
    } else {
        when
    }
}

fn row(console: &Console, visitor: &Visitor, list: &ListRef, file: CouponFile) -> FileRow {
    FileRow {
        href: list_path(visitor, list, &format!("/files/{}", file.public_id)),
        state: file_state(&file),
        added: shown::number(file.dry_run.map_or(file.added, |dry_run| dry_run.would_add)),
        left_out: shown::number(file.duplicates + file.rejected),
        at: shown::time(file.created_at, &console.zone),
        name: if file.name.is_empty() {
            "(no name)".to_owned()
        } else {
            file.name
        },
    }
}

/// A word, and the class that colours it.
pub(crate) fn file_state(file: &CouponFile) -> (&'static str, &'static str) {
    if file.quarantined_at.is_some() {
        return ("set aside", "bad");
    }
    match (file.status, file.dry_run.is_some()) {
        (FileStatus::Pending, false) => ("loading", "warn"),
        (FileStatus::Success, false) => ("loaded", "good"),
        (FileStatus::Failed, false) => ("failed", "bad"),
        (FileStatus::Pending, true) => ("being checked", "warn"),
        (FileStatus::Success, true) => ("checked only", "good"),
        (FileStatus::Failed, true) => ("checked: would fail", "bad"),
    }
}

/// What takes one code, for whoever builds a sender.
fn curl(console: &Console, visitor: &Visitor, list: &ListRef) -> String {
    let workspace = visitor
        .membership()
        .map_or("", |membership| membership.workspace.public_id.as_str());
    format!(
        "curl -u '{workspace}:YOUR-API-KEY' {}/v1/coupon-list/{}/allocations \\\n  -H 'Content-Type: application/json' \\\n  -d \
         '{{\"user_id\": \"u-81\"}}'",
        console.public_url, list.public_id
    )
}
