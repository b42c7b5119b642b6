//! `/console/w/{workspace}/lists/{list}/bulk-actions/new`: what will be done to which hand-outs, before it is.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use storage::{BulkActionKind, HandOutFilter, ListRef};

use super::{described, words};
use crate::{
    Console,
    error::PageError,
    form::Form,
    page::{Frame, render, render_refused, see},
    pages::{
        hand_outs::{
            fetch_all::{files, has_file},
            filter::Filter,
        },
        lists::{list_in_path, list_path},
    },
    shown,
    visitor::Visitor,
};

/// So many are counted before it is asked for; beyond, it says that there are more.
const COUNTED: usize = 1_000;

#[derive(Template)]
#[template(path = "bulk_actions/new.html")]
struct NewPage<'a> {
    frame: Frame<'a>,
    list_name: String,
    list_path: String,
    filter: Filter<'a>,
    /// In words.
    which: String,
    many: String,
    refusal: Option<String>,
    action: String,
    back: String,
}

/// `GET …/bulk-actions/new`
pub(crate) async fn show(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let list = list_in_path(&console, &visitor, &request).await?;
    let asked = Form::of_query(&request);
    let wanted = wanted(&console, &list, &asked).await?;
    render(&page(&console, &visitor, &list, &asked, &wanted, None).await?)
}

/// `POST …/bulk-actions/new`
pub(crate) async fn request(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, PageError> {
    let list = list_in_path(&console, &visitor, &request).await?;
    let wanted = wanted(&console, &list, &form).await?;
    let kind = match form.text("action") {
        "confirm" => BulkActionKind::Confirm,
        "release" => BulkActionKind::Release,
        "disable" => BulkActionKind::Disable,
        _ => {
            let refusal = "Choose what is to be done. Nothing was changed.";
            return render_refused(&page(&console, &visitor, &list, &form, &wanted, Some(refusal)).await?);
        }
    };
    let id = console.storage.request_bulk_action(&list, kind, &wanted).await?;
    let (of_list, made) = (list.public_id.to_string(), id.to_string());
    let workspace = visitor.workspace()?;
    console
        .storage
        .note(workspace, "bulk-action.request", Some(&of_list), Some(&made))
        .await?;
    Ok(see(list_path(&visitor, &list, &format!("/bulk-actions/{id}"))))
}

/// Something has to be said of the hand-outs: the page before offers nothing else.
async fn wanted(console: &Console, list: &ListRef, form: &Form) -> Result<HandOutFilter, PageError> {
    let wanted = Filter::of(form).read(console);
    let wanted = wanted.map_err(|_| PageError::BadForm("Say which hand-outs once more."))?;
    if wanted.is_empty() || !has_file(console, list, wanted.file).await? {
        return Err(PageError::BadForm("Say which hand-outs once more."));
    }
    Ok(wanted)
}

async fn page<'a>(
    console: &Console,
    visitor: &'a Visitor,
    list: &ListRef,
    form: &'a Form,
    wanted: &HandOutFilter,
    refusal: Option<&str>,
) -> Result<NewPage<'a>, PageError> {
    let filter = Filter::of(form);
    let found = console.storage.ledger_page(list, wanted, None, COUNTED).await?;
    let found = found.unwrap_or_default();
    let counted = shown::count(
        i64::try_from(found.hand_outs.len()).unwrap_or(i64::MAX),
        "hand-out",
    );
    let query = filter.query().finish();
    Ok(NewPage {
        frame: Frame::of("Change many hand-outs", "lists", visitor),
        list_name: console.storage.list(list).await?.name,
        list_path: list_path(visitor, list, ""),
        which: described(console, wanted, false, &files(console, list).await?),
        many: if found.next.is_some() {
            format!("{counted} or more")
        } else {
            counted
        },
        refusal: refusal.map(str::to_owned),
        action: list_path(visitor, list, "/bulk-actions/new"),
        back: list_path(visitor, list, &format!("/handed-out?{query}")),
        filter,
    })
}

impl NewPage<'_> {
    /// What can be done: the word of the form, its name, and what it does.
    #[expect(clippy::unused_self, reason = "as templates call it")]
    fn choices(&self) -> [(&'static str, &'static str, &'static str); 3] {
        [
            (
                "release",
                words(BulkActionKind::Release).0,
                "Codes that are held or handed out go back, and to whoever asks next. Only for codes that nobody has seen.",
            ),
            (
                "confirm",
                words(BulkActionKind::Confirm).0,
                "Codes that are held stay with whoever they are held for.",
            ),
            (
                "disable",
                words(BulkActionKind::Disable).0,
                "The codes never go out again. Whoever has one is to be told.",
            ),
        ]
    }
}
