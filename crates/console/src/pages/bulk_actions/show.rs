//! `GET /console/w/{workspace}/lists/{list}/bulk-actions/{bulk_action}`: how far it has come.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::{Template, filters::Safe};
use storage::BulkActionStatus;

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

#[derive(Template)]
#[template(path = "bulk_actions/show.html")]
struct BulkActionPage<'a> {
    frame: Frame<'a>,
    list_name: String,
    list_path: String,
    name: &'static str,
    done: &'static str,
    which: String,
    state: (&'static str, &'static str),
    is_under_way: bool,
    failure: Option<String>,
    matched: String,
    changed: String,
    unchanged: String,
    since: Safe<String>,
    ended: Option<Safe<String>>,
    hand_outs: String,
    at: Safe<String>,
}

pub(crate) async fn show(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let list = list_in_path(&console, &visitor, &request).await?;
    let id = request
        .match_info()
        .get("bulk_action")
        .and_then(|id| id.parse().ok());
    let action = console
        .storage
        .bulk_action(&list, id.ok_or(PageError::NotFound)?)
        .await?;
    let action = action.ok_or(PageError::NotFound)?;
    let (name, done) = words(action.kind);
    render(&BulkActionPage {
        frame: Frame::of(name, "lists", &visitor),
        list_name: console.storage.list(&list).await?.name,
        list_path: list_path(&visitor, &list, ""),
        name,
        done,
        which: described(
            &console,
            &action.filter,
            action.of_erased,
            &files(&console, &list).await?,
        ),
        state: state(&action),
        is_under_way: action.status == BulkActionStatus::Pending,
        matched: shown::number(action.matched),
        changed: shown::number(action.changed),
        unchanged: shown::number(action.matched - action.changed),
        since: shown::time(action.created_at, &console.zone),
        ended: action.ended_at.map(|at| shown::time(at, &console.zone)),
        failure: action.failure,
        hand_outs: list_path(&visitor, &list, "/handed-out"),
        at: shown::time(visitor.session.now, &console.zone),
    })
}
