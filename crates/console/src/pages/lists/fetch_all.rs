//! `GET /console/w/{workspace}/lists`

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::{Template, filters::Safe};
use domain::{Forecast, ListStatus, PublicId, Usage};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use storage::{CouponList, ListQuery, Pulse};
use url::form_urlencoded;

use super::filter::{Filter, state};
use crate::{
    Console,
    error::PageError,
    form::Form,
    page::{Frame, render},
    shown,
    visitor::Visitor,
};

/// Lists of one page.
const PAGE: usize = 50;
/// Hours that are looked at, a bar each.
const HOURS: i32 = 24;

/// Lists of a filter.
struct Choice {
    name: &'static str,
    count: String,
    href: String,
    is_here: bool,
}

/// A row of the table.
struct Row {
    name: String,
    label: String,
    href: String,
    /// A word, and the class that colours it.
    state: (&'static str, &'static str),
    bar: Safe<String>,
    available: String,
    total: String,
    handed_out: String,
    sparkline: Safe<String>,
    dry: Option<Dry>,
    expires: Safe<String>,
    newest_file: Option<Safe<String>>,
    loading: Option<String>,
}

/// When a list runs dry.
struct Dry {
    expected: Safe<String>,
    /// The earliest and the latest day, where they differ.
    range: Option<(Safe<String>, Safe<String>)>,
}

#[derive(Template)]
#[template(path = "lists/fetch_all.html")]
struct ListsPage<'a> {
    frame: Frame<'a>,
    choices: Vec<Choice>,
    search: &'a str,
    filter: &'static str,
    sort: &'a str,
    rows: Vec<Row>,
    found: String,
    has_any: bool,
    former: Option<String>,
    next: Option<String>,
    create: Option<String>,
    at: Safe<String>,
}

pub(crate) async fn show(
    console: web::Data<Console>,
    request: HttpRequest,
    visitor: Visitor,
) -> Result<HttpResponse, PageError> {
    let asked = Form::of_query(&request);
    let now = visitor.session.now;
    let workspace = visitor.workspace()?;
    let search = asked.text("q");
    let query = ListQuery {
        search: (!search.is_empty()).then(|| search.to_owned()),
        ..ListQuery::default()
    };
    let all = console.storage.lists(workspace, &query).await?;
    let has_any = !all.is_empty() || !search.is_empty();
    let filter = Filter::ALL
        .into_iter()
        .find(|filter| filter.word() == asked.text("filter"))
        .unwrap_or(Filter::All);
    let choices = choices(&visitor, &all, filter, search, asked.text("sort"), now);
    let mut wanted: Vec<CouponList> = all.into_iter().filter(|list| filter.takes(list, now)).collect();
    sort(&mut wanted, asked.text("sort"));
    let found = shown::count(i64::try_from(wanted.len()).unwrap_or(i64::MAX), "list");
    let page: usize = asked.text("page").parse().unwrap_or(1).max(1);
    let last = wanted.len().div_ceil(PAGE).max(1);
    let page = page.min(last);
    let to_page = |page: usize| address(&visitor, filter, search, asked.text("sort"), page);
    let part: Vec<CouponList> = wanted.into_iter().skip((page - 1) * PAGE).take(PAGE).collect();
    let rows = rows(&console, &visitor, part, now).await?;
    render(&ListsPage {
        frame: Frame::of("Lists", "lists", &visitor),
        choices,
        search,
        filter: filter.word(),
        sort: asked.text("sort"),
        rows,
        found,
        has_any,
        former: (page > 1).then(|| to_page(page - 1)),
        next: (page < last).then(|| to_page(page + 1)),
        create: visitor.may_manage().then(|| visitor.path("/lists/new")),
        at: shown::time(now, &console.zone),
    })
}

/// Every filter, with how many lists it takes.
fn choices(
    visitor: &Visitor,
    all: &[CouponList],
    here: Filter,
    search: &str,
    sort: &str,
    now: Timestamp,
) -> Vec<Choice> {
    let choice = |filter: Filter| {
        let count = all.iter().filter(|list| filter.takes(list, now)).count();
        Choice {
            name: filter.name(),
            count: shown::number(i64::try_from(count).unwrap_or(i64::MAX)),
            href: address(visitor, filter, search, sort, 1),
            is_here: filter == here,
        }
    };
    Filter::ALL.into_iter().map(choice).collect()
}

fn address(visitor: &Visitor, filter: Filter, search: &str, sort: &str, page: usize) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if filter != Filter::All {
        query.append_pair("filter", filter.word());
    }
    for (name, text) in [("q", search), ("sort", sort)] {
        if !text.is_empty() {
            query.append_pair(name, text);
        }
    }
    if page > 1 {
        query.append_pair("page", &page.to_string());
    }
    let query = query.finish();
    let mark = if query.is_empty() { "" } else { "?" };
    visitor.path(&format!("/lists{mark}{query}"))
}

/// Storage has them newest first.
fn sort(lists: &mut [CouponList], by: &str) {
    match by {
        "name" => lists.sort_by_key(|list| domain::caseless(&list.name)),
        "available" => lists.sort_by_key(|list| list.available),
        "expiry" => lists.sort_by_key(|list| list.expires_at),
        _ => {}
    }
}

async fn rows(
    console: &Console,
    visitor: &Visitor,
    lists: Vec<CouponList>,
    now: Timestamp,
) -> Result<Vec<Row>, PageError> {
    let ids: Vec<PublicId> = lists.iter().map(|list| list.public_id).collect();
    let hours: Vec<Timestamp> = (0..=HOURS)
        .map(|hour| now - SignedDuration::from_hours(i64::from(HOURS - hour)))
        .collect();
    let pulses = console.storage.pulses(visitor.workspace()?, &ids, &hours).await?;
    let mut pulses: HashMap<PublicId, Pulse> = pulses.into_iter().map(|pulse| (pulse.list, pulse)).collect();
    let zone = &console.zone;
    let row = |list: CouponList| {
        let pulse = pulses.remove(&list.public_id);
        let hours = pulse
            .as_ref()
            .map(|pulse| pulse.handed_out.as_slice())
            .unwrap_or_default();
        let day: i64 = hours.iter().sum();
        let loading = pulse.as_ref().map_or(0, |pulse| pulse.loading);
        Row {
            href: visitor.path(&format!("/lists/{}", list.public_id)),
            state: state(&list),
            bar: shown::stock_bar(list.available, list.total),
            available: shown::number(list.available),
            total: shown::number(list.total),
            handed_out: shown::number(day),
            sparkline: shown::sparkline(hours),
            dry: dry(&list, hours, now).map(|forecast| Dry::shown(forecast, zone)),
            expires: shown::day(list.expires_at, zone),
            newest_file: pulse
                .as_ref()
                .and_then(|pulse| pulse.newest_file_at)
                .map(|at| shown::day(at, zone)),
            loading: (loading > 0).then(|| shown::count(loading, "file")),
            name: list.name,
            label: list.label,
        }
    };
    Ok(lists.into_iter().map(row).collect())
}

impl Dry {
    fn shown(forecast: Forecast, zone: &TimeZone) -> Self {
        let date = |at: Timestamp| at.to_zoned(zone.clone()).date();
        let (earliest, latest) = (forecast.earliest, forecast.latest);
        Self {
            expected: shown::day(forecast.expected, zone),
            range: (date(earliest) != date(latest))
                .then(|| (shown::day(earliest, zone), shown::day(latest, zone))),
        }
    }
}

/// By what went out in the last hour and day.
fn dry(list: &CouponList, hours: &[i64], now: Timestamp) -> Option<Forecast> {
    if list.status != ListStatus::Active || list.available == 0 {
        return None;
    }
    let last = |many: usize| -> i64 { hours.iter().rev().take(many).sum() };
    let usages = [1, 6, 24].map(|many: u8| Usage {
        codes: last(usize::from(many)),
        within: SignedDuration::from_hours(i64::from(many)),
    });
    Forecast::new(list.available, &usages, list.created_at, now)
}
