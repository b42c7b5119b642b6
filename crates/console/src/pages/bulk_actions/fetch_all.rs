//! `GET /console/w/{workspace}/lists/{list}/bulk-actions`

use actix_web::{HttpRequest, HttpResponse, web};
use askama::{Template, filters::Safe};

use super::{described, state, words};
use crate::{
    Console,
    error::PageError,
    page::{Frame, render},
    pages::{
        hand_outs::fetch_all::files,
        lists::{list_in_path, list_path},
    },
    shown,
    visitor::Visitor,
};

struct Row {
    name: &'static str,
    href: String,
    which: String,
    state: (&'static str, &'static str),
    matched: String,
    changed: String,
    at: Safe<String>,
}

#[derive(Template)]
#[template(path = "bulk_actions/fetch_all.html")]
struct BulkActionsPage<'a> {
    frame: Frame<'a>,
    list_name: String,
    list_path: String,
    rows: Vec<Row>,
    hand_outs: String,
}

pub(crate) async fn show(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let list = list_in_path(&console, &visitor, &request).await?;
    let files = files(&console, &list).await?;
    let actions = console.storage.bulk_actions(&list).await?;
    let rows = actions.into_iter().map(|action| Row {
        name: words(action.kind).0,
        href: list_path(&visitor, &list, &format!("/bulk-actions/{}", action.public_id)),
        which: described(&console, &action.filter, action.of_erased, &files),
        state: state(&action),
        matched: shown::number(action.matched),
        changed: shown::number(action.changed),
        at: shown::time(action.created_at, &console.zone),
    });
    render(&BulkActionsPage {
        frame: Frame::of("What was done to many", "lists", &visitor),
        list_name: console.storage.list(&list).await?.name,
        list_path: list_path(&visitor, &list, ""),
        rows: rows.collect(),
        hand_outs: list_path(&visitor, &list, "/handed-out"),
    })
}
