//! `/console/w/{workspace}/lists/new`

use actix_web::{HttpResponse, web};
use askama::Template;
use domain::{AlertConditions, IdempotencyKey, Label, Name, parse_expiry};
use storage::{CreateList, CreateListRefusal, NewList};

use super::fields::Fields;
use crate::{
    Console,
    error::PageError,
    form::Form,
    page::{Frame, render, render_refused, see},
    visitor::Visitor,
};

#[derive(Template)]
#[template(path = "lists/form.html")]
struct CreatePage<'a> {
    frame: Frame<'a>,
    fields: Fields,
    /// A label never changes.
    has_label: bool,
    /// Of the form: sent twice, it makes one list.
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
    fields: Fields,
    once: String,
    refusal: Option<String>,
) -> CreatePage<'a> {
    CreatePage {
        frame: Frame::of("Create a list", "lists", visitor),
        fields,
        has_label: true,
        once,
        action: visitor.path("/lists/new"),
        back: visitor.path("/lists"),
        submit: "Create the list",
        zone: console.zone.iana_name().unwrap_or("UTC").to_owned(),
        refusal,
    }
}

pub(crate) async fn show(console: web::Data<Console>, visitor: Visitor) -> Result<HttpResponse, PageError> {
    let once = format!("{:032x}", rand::random::<u128>());
    render(&page(&console, &visitor, Fields::default(), once, None))
}

pub(crate) async fn create(
    console: web::Data<Console>,
    visitor: Visitor,
    form: Form,
) -> Result<HttpResponse, PageError> {
    let fields = Fields::said(&form);
    let once = form.text("once").to_owned();
    let list = match new_list(&console, &visitor, &fields) {
        Ok(list) => list,
        Err(refusal) => return render_refused(&page(&console, &visitor, fields, once, Some(refusal))),
    };
    let said = [
        fields.name.as_bytes(),
        fields.label.as_bytes(),
        fields.expires.as_bytes(),
    ];
    let key = IdempotencyKey::new(&once, &said).map_err(|_| PageError::BadForm("Open the form again."))?;
    let workspace = visitor.workspace()?;
    let created = console
        .storage
        .create_list(workspace, &list, Some(&key), console.most_lists);
    let refusal = match created.await? {
        CreateList::Created(id) => {
            let id = id.to_string();
            console
                .storage
                .note(workspace, "list.create", Some(&id), None)
                .await?;
            visitor
                .leave(
                    &console.storage,
                    "The list was created. Give it a file of codes next.",
                )
                .await?;
            return Ok(see(visitor.path(&format!("/lists/{id}"))));
        }
        CreateList::Refused(why) => match why {
            CreateListRefusal::DuplicateName => "Another list of this workspace has this name.",
            CreateListRefusal::DuplicateLabel => "Another list of this workspace has this label.",
            CreateListRefusal::Expired => "The day of expiry has passed.",
            CreateListRefusal::TooMany => "This workspace has as many lists as it may have.",
            CreateListRefusal::KeyReused => {
                "This form was sent before with something else in it. Open it again."
            }
        },
    };
    render_refused(&page(&console, &visitor, fields, once, Some(refusal.to_owned())))
}

fn new_list(console: &Console, visitor: &Visitor, fields: &Fields) -> Result<NewList, String> {
    let name = Name::new(fields.name.as_str()).map_err(|error| format!("The name {error}."))?;
    let label = Label::new(fields.label.as_str()).map_err(|error| format!("The label {error}."))?;
    let expires_at =
        parse_expiry(&fields.expires, &console.zone).map_err(|error| format!("The expiry {error}."))?;
    let by = visitor.person().name.as_str();
    Ok(NewList {
        name,
        label,
        expires_at,
        created_by: Name::new(by).map_err(|error| format!("Your name {error}."))?,
        subscribers: fields.subscribers(&console.mail_domains)?,
        alerts: AlertConditions::from_patch(fields.alerts()?)
            .map_err(|error| format!("An alert: {error}."))?,
    })
}
