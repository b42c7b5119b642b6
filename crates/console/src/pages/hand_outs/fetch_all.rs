//! `GET /console/w/{workspace}/lists/{list}/handed-out`

use actix_web::{HttpRequest, HttpResponse, web};
use askama::{Template, filters::Safe};
use domain::{AllocationId, ExternalId, RequestKey};
use storage::{CouponList, LedgerQuery, ListRef, Recorded};
use url::form_urlencoded;

use super::HandOut;
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
const PAGE: i32 = 100;

#[derive(Template)]
#[template(path = "hand_outs/fetch_all.html")]
struct HandOutsPage<'a> {
    frame: Frame<'a>,
    list: CouponList,
    list_path: String,
    user: &'a str,
    campaign: &'a str,
    request: &'a str,
    is_filtered: bool,
    rows: Vec<HandOut>,
    next: Option<String>,
    at: Safe<String>,
}

pub(crate) async fn show(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let list = list_in_path(&console, &visitor, &request).await?;
    let asked = Form::of_query(&request);
    let (user, campaign, request_id) = (asked.text("user"), asked.text("campaign"), asked.text("request"));
    let found = found(&console, &list, &asked).await?;
    let is_full = i32::try_from(found.len()) == Ok(PAGE);
    let last = found
        .last()
        .filter(|_| is_full)
        .map(|last| last.allocation.position);
    let next = last.map(|position| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, text) in [("user", user), ("campaign", campaign)] {
            if !text.is_empty() {
                query.append_pair(name, text);
            }
        }
        query.append_pair("after", &AllocationId::encode(position, list.key));
        list_path(&visitor, &list, &format!("/handed-out?{}", query.finish()))
    });
    render(&HandOutsPage {
        frame: Frame::of("Handed out", "lists", &visitor),
        list: console.storage.list(&list).await?,
        list_path: list_path(&visitor, &list, ""),
        is_filtered: !(user.is_empty() && campaign.is_empty() && request_id.is_empty()),
        user,
        campaign,
        request: request_id,
        rows: found
            .into_iter()
            .map(|one| HandOut::new(&console, &visitor, &list, one))
            .collect(),
        next,
        at: shown::time(visitor.session.now, &console.zone),
    })
}

/// A page of the ledger. Nobody and nothing can be called what is no id: then nothing is found.
async fn found(console: &Console, list: &ListRef, asked: &Form) -> Result<Vec<Recorded>, PageError> {
    let (user, campaign, request) = (asked.text("user"), asked.text("campaign"), asked.text("request"));
    let id = |text: &str| ExternalId::new(text).ok();
    let (user_id, campaign_id) = (id(user), id(campaign));
    if !user.is_empty() && user_id.is_none() || !campaign.is_empty() && campaign_id.is_none() {
        return Ok(Vec::new());
    }
    if !request.is_empty() {
        let Some(id) = id(request) else {
            return Ok(Vec::new());
        };
        let key = RequestKey::of(list.public_id, &id, Some(&id), None);
        let one = console.storage.by_request(list, key).await?;
        let is_wanted = |one: &Recorded| {
            one.request_id.as_deref() == Some(request)
                && (user.is_empty() || one.user_id.as_deref() == Some(user))
                && (campaign.is_empty() || one.campaign_id.as_deref() == Some(campaign))
        };
        return Ok(one.filter(is_wanted).into_iter().collect());
    }
    let query = LedgerQuery {
        file: None,
        user_id,
        campaign_id: campaign_id.map(ExternalId::into_string),
        after: AllocationId::decode(asked.text("after"), list.key),
        limit: PAGE,
    };
    Ok(console
        .storage
        .ledger_page(list, &query)
        .await?
        .unwrap_or_default())
}
