//! `GET /console/w/{workspace}/people`

use actix_web::{HttpResponse, web};
use askama::{Template, filters::Safe};
use domain::Role;
use storage::Member;

use crate::{
    Console,
    error::PageError,
    page::{Frame, render, render_refused},
    shown,
    visitor::Visitor,
};

/// A row of the table.
struct Row {
    id: String,
    name: String,
    email: String,
    role: Role,
    has_second_factor: bool,
    since: Safe<String>,
    seen: Option<String>,
    is_me: bool,
    here: String,
}

/// The form for inviting somebody, as it was sent.
#[derive(Default)]
pub(super) struct Invited<'a> {
    pub(super) email: &'a str,
    pub(super) role: &'a str,
    pub(super) refusal: Option<String>,
}

#[derive(Template)]
#[template(path = "people/fetch_all.html")]
struct PeoplePage<'a> {
    frame: Frame<'a>,
    rows: Vec<Row>,
    roles: [Role; 3],
    invited: Invited<'a>,
    /// Of a form that a row has.
    refusal: Option<&'a str>,
    invite: String,
    may_change: bool,
}

/// `GET …/people`
pub(crate) async fn show(console: web::Data<Console>, visitor: Visitor) -> Result<HttpResponse, PageError> {
    let rows = rows(&console, &visitor).await?;
    render(&page(&visitor, rows, Invited::default(), None))
}

pub(super) async fn refused(
    console: &Console,
    visitor: &Visitor,
    invited: Invited<'_>,
) -> Result<HttpResponse, PageError> {
    let rows = rows(console, visitor).await?;
    render_refused(&page(visitor, rows, invited, None))
}

/// Where a form of a row was refused.
pub(super) async fn refused_row(
    console: &Console,
    visitor: &Visitor,
    refusal: &str,
) -> Result<HttpResponse, PageError> {
    let rows = rows(console, visitor).await?;
    render_refused(&page(visitor, rows, Invited::default(), Some(refusal)))
}

fn page<'a>(
    visitor: &'a Visitor,
    rows: Vec<Row>,
    invited: Invited<'a>,
    refusal: Option<&'a str>,
) -> PeoplePage<'a> {
    PeoplePage {
        frame: Frame::of("People", "people", visitor),
        rows,
        roles: Role::ALL,
        invited,
        refusal,
        invite: visitor.path("/people/invite"),
        may_change: visitor.is_admin(),
    }
}

async fn rows(console: &Console, visitor: &Visitor) -> Result<Vec<Row>, PageError> {
    let members = console.storage.members(visitor.workspace()?).await?;
    let now = console.storage.now().await?;
    let row = |member: Member| {
        let id = member.person.public_id.to_string();
        Row {
            here: visitor.path(&format!("/people/{id}")),
            id,
            name: member.person.name,
            email: member.person.email,
            role: member.role,
            has_second_factor: member.person.has_second_factor,
            since: shown::day(member.since, &console.zone),
            seen: member.seen_at.map(|at| shown::away(at, now)),
            is_me: member.person.public_id == visitor.person().public_id,
        }
    };
    Ok(members.into_iter().map(row).collect())
}
