//! Changing a list: its fields, its end, and its return.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use domain::{Name, parse_expiry};
use storage::{ActivateListOutcome, ListChange, ListRef, UpdateListOutcome};

use super::{fields::Fields, list_in_path, list_path};
use crate::{
    Console,
    error::PageError,
    form::Form,
    page::{Frame, render, render_refused, see},
    visitor::Visitor,
};

#[derive(Template)]
#[template(path = "lists/form.html")]
struct EditPage<'a> {
    frame: Frame<'a>,
    fields: Fields,
    has_label: bool,
    once: String,
    action: String,
    back: String,
    submit: &'static str,
    zone: String,
    refusal: Option<String>,
}

fn page<'a>(
    console: &Console,
    visitor: &'a Visitor,
    list: &ListRef,
    fields: Fields,
    refusal: Option<String>,
) -> EditPage<'a> {
    EditPage {
        frame: Frame::of("Edit the list", "lists", visitor),
        fields,
        has_label: false,
        once: String::new(),
        action: list_path(visitor, list, "/edit"),
        back: list_path(visitor, list, ""),
        submit: "Save",
        zone: console.zone.iana_name().unwrap_or("UTC").to_owned(),
        refusal,
    }
}

/// `GET …/lists/{list}/edit`
pub(crate) async fn show(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let list = list_in_path(&console, &visitor, &request).await?;
    let fields = Fields::of(&console.storage.list(&list).await?, &console.zone);
    render(&page(&console, &visitor, &list, fields, None))
}

/// `POST …/lists/{list}/edit`
pub(crate) async fn edit(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, PageError> {
    let list = list_in_path(&console, &visitor, &request).await?;
    let fields = Fields::said(&form);
    let refusal = match change(&console, &fields) {
        Ok(change) => match console.storage.update_list(&list, &change).await? {
            UpdateListOutcome::Updated => {
                return done(&console, &visitor, &list, "list.update", "The list was changed.").await;
            }
            UpdateListOutcome::DuplicateName => "Another list of this workspace has this name.".to_owned(),
            UpdateListOutcome::Expired => "The day of expiry has passed.".to_owned(),
            UpdateListOutcome::DaysBeforeMissing => {
                "Say how many days before the expiry reminders begin.".to_owned()
            }
            UpdateListOutcome::ThresholdCountMissing => "Say below how many codes a mail is sent.".to_owned(),
        },
        Err(refusal) => refusal,
    };
    render_refused(&page(&console, &visitor, &list, fields, Some(refusal)))
}

fn change(console: &Console, fields: &Fields) -> Result<ListChange, String> {
    Ok(ListChange {
        name: Some(Name::new(fields.name.as_str()).map_err(|error| format!("The name {error}."))?),
        expires_at: Some(
            parse_expiry(&fields.expires, &console.zone).map_err(|error| format!("The expiry {error}."))?,
        ),
        subscribers: Some(fields.subscribers(&console.mail_domains)?),
        alerts: Some(fields.alerts()?),
    })
}

/// `POST …/lists/{list}/archive`
pub(crate) async fn archive(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let list = list_in_path(&console, &visitor, &request).await?;
    console.storage.archive_list(&list).await?;
    let text = "The list was archived: nothing goes out of it any more. Its free codes are gone; what was handed out can still \
        be looked up.";
    done(&console, &visitor, &list, "list.archive", text).await
}

/// `POST …/lists/{list}/activate`
pub(crate) async fn activate(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, PageError> {
    let list = list_in_path(&console, &visitor, &request).await?;
    let activated = match parse_expiry(form.text("expires"), &console.zone) {
        Ok(expires_at) => Some(console.storage.activate_list(&list, expires_at).await?),
        Err(_) => None,
    };
    match activated {
        Some(ActivateListOutcome::Activated) => {
            let text = "The list is active again. It is empty until it gets a file.";
            done(&console, &visitor, &list, "list.activate", text).await
        }
        Some(ActivateListOutcome::Expired) | None => {
            visitor
                .leave(
                    &console.storage,
                    "The day of expiry must be a day that lies ahead. Nothing was changed.",
                )
                .await?;
            Ok(see(list_path(&visitor, &list, "")))
        }
    }
}

async fn done(
    console: &Console,
    visitor: &Visitor,
    list: &ListRef,
    action: &str,
    text: &str,
) -> Result<HttpResponse, PageError> {
    let id = list.public_id.to_string();
    console
        .storage
        .note(visitor.workspace()?, action, Some(&id), None)
        .await?;
    visitor.leave(&console.storage, text).await?;
    Ok(see(list_path(visitor, list, "")))
}
