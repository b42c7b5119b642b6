//! `GET /console/w/{workspace}/find`: a code, a user, a request, or a list, by one field.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use domain::{ExternalId, PublicId};
use storage::{CodePlace, CouponList, HandOutFilter, ListQuery, ListRef, Recorded};

use super::{code_path, show::state};
use crate::{
    Console,
    error::PageError,
    form::Form,
    page::{Frame, render, see},
    pages::{hand_outs::HandOut, lists::list_path},
    visitor::Visitor,
};

/// Hand-outs of a person that are shown of each list; a page of the list's own has them all.
const HAND_OUTS: usize = 20;
/// Lists that are shown by name.
const LISTS: usize = 20;

/// A list by its name or label, or a code in it.
struct Found {
    name: String,
    detail: String,
    href: String,
}

/// What somebody got out of a list.
struct OfList {
    name: String,
    href: String,
    rows: Vec<HandOut>,
    all: Option<String>,
}

#[derive(Template)]
#[template(path = "codes/find.html")]
struct FindPage<'a> {
    frame: Frame<'a>,
    asked: &'a str,
    action: String,
    codes: Vec<Found>,
    people: Vec<OfList>,
    lists: Vec<Found>,
    erase: Option<String>,
}

pub(crate) async fn show(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let form = Form::of_query(&request);
    let asked = form.text("q");
    let workspace = visitor.workspace()?;
    let mut page = FindPage {
        frame: Frame::of("Find", "find", &visitor),
        asked,
        action: visitor.path("/find"),
        codes: Vec::new(),
        people: Vec::new(),
        lists: Vec::new(),
        erase: None,
    };
    if asked.is_empty() {
        return render(&page);
    }
    if let Ok(id) = asked.parse::<PublicId>()
        && let Some(list) = console.storage.find_list(workspace, id).await?
    {
        return Ok(see(list_path(&visitor, &list, "")));
    }
    let query = ListQuery::default();
    let lists = console.storage.lists(workspace, &query).await?;
    let name_of = |id: PublicId| {
        lists
            .iter()
            .find(|list| list.public_id == id)
            .map(|list| list.name.clone())
    };
    let all = console.storage.list_refs(workspace).await?;
    if let Ok(code) = domain::check_code(asked.as_bytes()) {
        for (list, place) in console.storage.find_code_in(&all, code).await? {
            let name = name_of(list.public_id).unwrap_or_default();
            page.codes
                .extend(code_in(&console, &visitor, &list, code, place, &name).await?);
        }
    }
    if let Ok(id) = ExternalId::new(asked) {
        for list in console.storage.lists_with(&all, &id).await? {
            let name = name_of(list.public_id).unwrap_or_default();
            page.people
                .extend(person_in(&console, &visitor, &list, &id, name).await?);
        }
    }
    page.lists = named(&visitor, &lists, asked);
    page.erase = (!page.people.is_empty() && visitor.is_admin()).then(|| visitor.path("/users/erase"));
    render(&page)
}

async fn code_in(
    console: &Console,
    visitor: &Visitor,
    list: &ListRef,
    code: &str,
    place: CodePlace,
    name: &str,
) -> Result<Option<Found>, PageError> {
    let passport = console.storage.passport(list, place).await?;
    Ok(passport.map(|passport| Found {
        name: code.to_owned(),
        detail: format!("{} in {name}", state(passport.status).0),
        href: code_path(visitor, list, code),
    }))
}

/// By the user's id, or by the id of a request.
async fn person_in(
    console: &Console,
    visitor: &Visitor,
    list: &ListRef,
    id: &ExternalId,
    name: String,
) -> Result<Option<OfList>, PageError> {
    let storage = &console.storage;
    let of_request = storage.by_request(list, id, &HandOutFilter::default()).await?;
    let filter = HandOutFilter {
        user_id: Some(id.clone()),
        ..HandOutFilter::default()
    };
    let page = storage.ledger_page(list, &filter, None, HAND_OUTS).await?;
    let page = page.unwrap_or_default();
    let is_full = page.next.is_some();
    let mut found: Vec<Recorded> = page.hand_outs;
    found.extend(of_request);
    // Of an erased person's request the key is left.
    if found.is_empty() {
        return Ok(None);
    }
    let rows = found
        .into_iter()
        .map(|one| HandOut::new(console, visitor, list, one));
    let user: String = url::form_urlencoded::byte_serialize(id.as_str().as_bytes()).collect();
    Ok(Some(OfList {
        name,
        href: list_path(visitor, list, ""),
        rows: rows.collect(),
        all: is_full.then(|| list_path(visitor, list, &format!("/handed-out?user={user}"))),
    }))
}

fn named(visitor: &Visitor, lists: &[CouponList], asked: &str) -> Vec<Found> {
    let part = domain::caseless(asked);
    let has = |text: &str| domain::caseless(text).contains(&part);
    let named = lists.iter().filter(|list| has(&list.name) || has(&list.label));
    named
        .take(LISTS)
        .map(|list| Found {
            name: list.name.clone(),
            detail: list.label.clone(),
            href: visitor.path(&format!("/lists/{}", list.public_id)),
        })
        .collect()
}
