//! `GET /console/w/{workspace}/access`

use actix_web::{HttpResponse, web};
use askama::{Template, filters::Safe};
use domain::KeyRole;
use storage::{KeyStatus, StoredApiKey};

use super::fields::Fields;
use crate::{
    Console,
    error::PageError,
    page::{Frame, render, render_refused},
    shown,
    visitor::Visitor,
};

/// A row of the table.
struct Row {
    id: i64,
    label: String,
    configured: bool,
    state: (&'static str, &'static str),
    ends: Option<Safe<String>>,
    created: Safe<String>,
    last_used_on: Option<String>,
    role: KeyRole,
    /// `None`: all.
    lists: Option<Lists>,
    /// Whether it opens the workspace now, and goes on doing so.
    is_active: bool,
    opens: bool,
    here: String,
}

/// The lists that a key is for.
struct Lists {
    count: String,
    /// Their names, and where they are.
    each: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "access/show.html")]
struct AccessPage<'a> {
    frame: Frame<'a>,
    workspace: &'a str,
    rows: Vec<Row>,
    /// The form for another key, as it was sent.
    fields: Fields,
    roles: [KeyRole; 3],
    refusal: Option<String>,
    may_change: bool,
    create: String,
    reveal: String,
    replace: String,
    lists: String,
}

/// `GET …/access`
pub(crate) async fn show(console: web::Data<Console>, visitor: Visitor) -> Result<HttpResponse, PageError> {
    render(&page(&console, &visitor, Fields::default(), None).await?)
}

pub(super) async fn refused(
    console: &Console,
    visitor: &Visitor,
    fields: Fields,
    refusal: String,
) -> Result<HttpResponse, PageError> {
    render_refused(&page(console, visitor, fields, Some(refusal)).await?)
}

async fn page<'a>(
    console: &Console,
    visitor: &'a Visitor,
    fields: Fields,
    refusal: Option<String>,
) -> Result<AccessPage<'a>, PageError> {
    let workspace = visitor.workspace()?;
    let owner = console.storage.key_owner_at_console(workspace).await?;
    let keys = console.storage.api_keys(&owner).await?;
    Ok(AccessPage {
        frame: Frame::of("Access", "access", visitor),
        workspace: workspace.public_id.as_str(),
        rows: keys.into_iter().map(|key| row(console, visitor, key)).collect(),
        fields,
        roles: KeyRole::ALL,
        refusal,
        may_change: visitor.is_admin(),
        create: visitor.path("/access/keys"),
        reveal: visitor.path("/access/webhook-secret/reveal"),
        replace: visitor.path("/access/webhook-secret/replace"),
        lists: visitor.path("/lists"),
    })
}

fn row(console: &Console, visitor: &Visitor, key: StoredApiKey) -> Row {
    let lists = key.lists.map(|lists| Lists {
        count: shown::count(i64::try_from(lists.len()).unwrap_or(i64::MAX), "list"),
        each: lists
            .into_iter()
            .map(|(id, name)| (name, visitor.path(&format!("/lists/{id}"))))
            .collect(),
    });
    Row {
        id: key.key_id,
        label: key.label,
        configured: key.configured,
        state: match key.status {
            KeyStatus::Active => ("active", "good"),
            KeyStatus::Ending => ("ending", "warn"),
            KeyStatus::Revoked => ("revoked", "ended"),
        },
        ends: key.revoked_at.map(|at| shown::time(at, &console.zone)),
        created: shown::day(key.created_at, &console.zone),
        last_used_on: key.last_used_on,
        role: key.role,
        lists,
        is_active: key.status == KeyStatus::Active,
        opens: key.status != KeyStatus::Revoked,
        here: visitor.path(&format!("/access/keys/{}", key.key_id)),
    }
}
