//! `GET /console/w/{workspace}/lists/{list}/codes/{code}`: all that is known of a code.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::{Template, filters::Safe};
use storage::{CodeEvent, CodeStatus, CouponList, Passport};

use super::{code_in_path, code_path};
use crate::{
    Console,
    error::PageError,
    page::{Frame, render},
    pages::{
        hand_outs::HandOut,
        lists::{list_in_path, list_path},
    },
    shown,
    visitor::Visitor,
};

#[derive(Template)]
#[template(path = "codes/show.html")]
struct CodePage<'a> {
    frame: Frame<'a>,
    code: &'a str,
    list: CouponList,
    list_path: String,
    state: (&'static str, &'static str),
    passport: &'a Passport,
    file_path: String,
    history: Vec<(Safe<String>, &'static str)>,
    hand_out: Option<HandOut>,
    here: String,
    may_redeem: bool,
    may_release: bool,
    may_disable: bool,
}

pub(crate) async fn show(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let list = list_in_path(&console, &visitor, &request).await?;
    let code = code_in_path(&request)?;
    let storage = &console.storage;
    let place = storage
        .find_code(&list, &code)
        .await?
        .ok_or(PageError::NotFound)?;
    let passport = storage.passport(&list, place).await?.ok_or(PageError::NotFound)?;
    let history = passport.history.iter();
    let history = history.map(|entry| (shown::time(entry.at, &console.zone), happened(entry.event)));
    let status = passport.status;
    let hand_out = passport.allocation.clone();
    render(&CodePage {
        frame: Frame::of(&code, "find", &visitor),
        code: &code,
        list: storage.list(&list).await?,
        list_path: list_path(&visitor, &list, ""),
        state: state(status),
        file_path: list_path(&visitor, &list, &format!("/files/{}", passport.file)),
        history: history.collect(),
        hand_out: hand_out.map(|one| HandOut::new(&console, &visitor, &list, one)),
        here: code_path(&visitor, &list, &code),
        may_redeem: visitor.may_manage() && status == CodeStatus::Allocated,
        may_release: visitor.may_manage() && matches!(status, CodeStatus::Allocated | CodeStatus::Held),
        may_disable: visitor.may_manage() && !matches!(status, CodeStatus::Disabled | CodeStatus::Redeemed),
        passport: &passport,
    })
}

/// A word, and the class that colours it.
pub(super) fn state(status: CodeStatus) -> (&'static str, &'static str) {
    match status {
        CodeStatus::Available => ("free", "good"),
        CodeStatus::Held => ("held", "warn"),
        CodeStatus::Allocated => ("handed out", "good"),
        CodeStatus::Redeemed => ("redeemed", "ended"),
        CodeStatus::Disabled => ("disabled", "bad"),
        CodeStatus::Quarantined => ("set aside", "bad"),
    }
}

fn happened(event: CodeEvent) -> &'static str {
    match event {
        CodeEvent::Added => "added with its file",
        CodeEvent::Allocated => "handed out",
        CodeEvent::Confirmed => "confirmed",
        CodeEvent::Released => "given back",
        CodeEvent::Redeemed => "redeemed",
        CodeEvent::Disabled => "disabled",
    }
}
