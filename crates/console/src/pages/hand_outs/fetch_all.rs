//! `GET /console/w/{workspace}/lists/{list}/handed-out`

use actix_web::{HttpRequest, HttpResponse, web};
use askama::{Template, filters::Safe};
use domain::{AllocationId, ExternalId, PublicId};
use storage::{CouponList, LedgerPage, ListRef, Page};

use super::{HandOut, filter::Filter};
use crate::{
    Console,
    error::PageError,
    form::Form,
    page::{Frame, render},
    pages::lists::{list_in_path, list_path},
    shown,
    visitor::Visitor,
};

/// Hand-outs of one page.
const PAGE: usize = 100;
/// Files that can be chosen, the newest.
const FILES: i64 = 100;

#[derive(Template)]
#[template(path = "hand_outs/fetch_all.html")]
struct HandOutsPage<'a> {
    frame: Frame<'a>,
    list: CouponList,
    list_path: String,
    filter: Filter<'a>,
    request: &'a str,
    files: Vec<(String, String)>,
    is_filtered: bool,
    refusal: Option<String>,
    rows: Vec<HandOut>,
    /// There are more behind this page, or may be.
    next: Option<String>,
    export: Option<String>,
    /// Where all that fits can be changed.
    bulk: Option<String>,
    actions: String,
    at: Safe<String>,
}

pub(crate) async fn show(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let list = list_in_path(&console, &visitor, &request).await?;
    let asked = Form::of_query(&request);
    let (filter, request_id) = (Filter::of(&asked), asked.text("request"));
    let here = |rest: &str| list_path(&visitor, &list, rest);
    let (page, refusal) = match found(&console, &list, &asked, &filter).await? {
        Ok(page) => (page, None),
        Err(refusal) => (LedgerPage::default(), Some(refusal)),
    };
    let next = page.next.map(|next| {
        let after = AllocationId::encode(next, list.key);
        let query = filter.query().append_pair("after", &after).finish();
        here(&format!("/handed-out?{query}"))
    });
    let query = filter.query().finish();
    let is_plain = refusal.is_none() && request_id.is_empty();
    let may_change = is_plain && visitor.may_manage() && !filter.is_empty() && !page.hand_outs.is_empty();
    render(&HandOutsPage {
        frame: Frame::of("Handed out", "lists", &visitor),
        list: console.storage.list(&list).await?,
        list_path: here(""),
        is_filtered: !(filter.is_empty() && request_id.is_empty()),
        request: request_id,
        files: choices(files(&console, &list).await?, filter.file),
        refusal,
        rows: page
            .hand_outs
            .into_iter()
            .map(|one| HandOut::new(&console, &visitor, &list, one))
            .collect(),
        next,
        export: (is_plain && visitor.may_manage()).then(|| here(&format!("/handed-out/export?{query}"))),
        bulk: may_change.then(|| here(&format!("/bulk-actions/new?{query}"))),
        actions: here("/bulk-actions"),
        at: shown::time(visitor.session.now, &console.zone),
        filter,
    })
}

/// With the chosen file among them, however old it is.
fn choices(mut files: Vec<(String, String)>, chosen: &str) -> Vec<(String, String)> {
    if !chosen.is_empty() && files.iter().all(|(id, _)| id != chosen) {
        files.push((chosen.to_owned(), chosen.to_owned()));
    }
    files
}

/// The newest files, by id and name.
pub(crate) async fn files(console: &Console, list: &ListRef) -> Result<Vec<(String, String)>, PageError> {
    let page = Page {
        limit: Some(FILES),
        offset: 0,
    };
    let files = console.storage.files(list, page).await?;
    let named = files
        .into_iter()
        .map(|file| (file.public_id.to_string(), file.name));
    Ok(named.collect())
}

/// A page of the ledger, or what is wrong with the filter.
async fn found(
    console: &Console,
    list: &ListRef,
    asked: &Form,
    filter: &Filter<'_>,
) -> Result<Result<LedgerPage, String>, PageError> {
    let wanted = match filter.read(console) {
        Ok(wanted) => wanted,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let request = asked.text("request");
    if !request.is_empty() {
        let Ok(id) = ExternalId::new(request) else {
            return Ok(Ok(LedgerPage::default()));
        };
        let found = console.storage.by_request(list, &id, &wanted).await?;
        return Ok(Ok(LedgerPage {
            hand_outs: found.into_iter().collect(),
            next: None,
        }));
    }
    let after = AllocationId::decode(asked.text("after"), list.key);
    let page = console.storage.ledger_page(list, &wanted, after, PAGE).await?;
    Ok(page.ok_or_else(|| "The file is none of this list.".to_owned()))
}

/// Whether the file of a filter is one of the list.
pub(crate) async fn has_file(
    console: &Console,
    list: &ListRef,
    file: Option<PublicId>,
) -> Result<bool, PageError> {
    match file {
        Some(file) => Ok(console.storage.is_quarantined(list, file).await?.is_some()),
        None => Ok(true),
    }
}
