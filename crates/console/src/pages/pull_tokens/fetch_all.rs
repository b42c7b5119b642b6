//! `GET /console/w/{workspace}/lists/{list}/pull-tokens`

use actix_web::{HttpRequest, HttpResponse, web};
use askama::{Template, filters::Safe};
use domain::ListStatus;
use storage::{CouponList, ListRef, PullToken};

use crate::{
    Console,
    error::PageError,
    page::{Frame, render, render_refused},
    pages::lists::{list_in_path, list_path},
    shown,
    visitor::Visitor,
};

/// A row of the table.
struct Row {
    id: String,
    created: Safe<String>,
    fallback: Option<String>,
    revoke: String,
}

#[derive(Template)]
#[template(path = "pull_tokens/fetch_all.html")]
struct PullTokensPage<'a> {
    frame: Frame<'a>,
    list: CouponList,
    list_path: String,
    rows: Vec<Row>,
    /// The form for another token, as it was sent.
    fallback: &'a str,
    refusal: Option<String>,
    is_active: bool,
    may_change: bool,
    action: String,
}

/// `GET …/pull-tokens`
pub(crate) async fn show(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let list = list_in_path(&console, &visitor, &request).await?;
    render(&page(&console, &visitor, &list, "", None).await?)
}

pub(super) async fn refused(
    console: &Console,
    visitor: &Visitor,
    list: &ListRef,
    fallback: &str,
    refusal: String,
) -> Result<HttpResponse, PageError> {
    render_refused(&page(console, visitor, list, fallback, Some(refusal)).await?)
}

async fn page<'a>(
    console: &Console,
    visitor: &'a Visitor,
    list: &ListRef,
    fallback: &'a str,
    refusal: Option<String>,
) -> Result<PullTokensPage<'a>, PageError> {
    let tokens = console.storage.pull_tokens(list).await?;
    let row = |token: PullToken| Row {
        revoke: list_path(visitor, list, &format!("/pull-tokens/{}/revoke", token.public_id)),
        id: token.public_id.to_string(),
        created: shown::time(token.created_at, &console.zone),
        fallback: token.fallback,
    };
    let rows = tokens.into_iter().map(row).collect();
    let list_path = |rest: &str| list_path(visitor, list, rest);
    let list = console.storage.list(list).await?;
    Ok(PullTokensPage {
        frame: Frame::of("Pull tokens", "lists", visitor),
        is_active: list.status == ListStatus::Active,
        list,
        list_path: list_path(""),
        rows,
        fallback,
        refusal,
        may_change: visitor.may_manage(),
        action: list_path("/pull-tokens"),
    })
}
