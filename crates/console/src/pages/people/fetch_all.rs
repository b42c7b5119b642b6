//! `GET /console/w/{workspace}/people`

use actix_web::{HttpResponse, web};
use askama::{Template, filters::Safe};
use domain::Role;
use storage::{Invitation, MailState, Member};

use super::can_mail;
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

/// An invitation that is open.
struct Open {
    email: String,
    role: Role,
    by: String,
    until: Safe<String>,
    mail: &'static str,
    can_mail: bool,
    here: String,
}

/// What the page shows, beside its forms.
struct Everybody {
    rows: Vec<Row>,
    open: Vec<Open>,
    has_relay: bool,
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
    open: Vec<Open>,
    has_relay: bool,
    roles: [Role; 3],
    invited: Invited<'a>,
    /// Of a form that a row has.
    refusal: Option<&'a str>,
    invite: String,
    may_change: bool,
}

/// `GET …/people`
pub(crate) async fn show(console: web::Data<Console>, visitor: Visitor) -> Result<HttpResponse, PageError> {
    let all = everybody(&console, &visitor).await?;
    render(&page(&visitor, all, Invited::default(), None))
}

pub(super) async fn refused(
    console: &Console,
    visitor: &Visitor,
    invited: Invited<'_>,
) -> Result<HttpResponse, PageError> {
    let all = everybody(console, visitor).await?;
    render_refused(&page(visitor, all, invited, None))
}

/// Where a form of a row was refused.
pub(super) async fn refused_row(
    console: &Console,
    visitor: &Visitor,
    refusal: &str,
) -> Result<HttpResponse, PageError> {
    let all = everybody(console, visitor).await?;
    render_refused(&page(visitor, all, Invited::default(), Some(refusal)))
}

fn page<'a>(
    visitor: &'a Visitor,
    all: Everybody,
    invited: Invited<'a>,
    refusal: Option<&'a str>,
) -> PeoplePage<'a> {
    PeoplePage {
        frame: Frame::of("People", "people", visitor),
        rows: all.rows,
        open: all.open,
        has_relay: all.has_relay,
        roles: Role::ALL,
        invited,
        refusal,
        invite: visitor.path("/people/invite"),
        may_change: visitor.is_admin(),
    }
}

async fn everybody(console: &Console, visitor: &Visitor) -> Result<Everybody, PageError> {
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
    let open = console.storage.invitations(visitor.workspace()?).await?;
    Ok(Everybody {
        rows: members.into_iter().map(row).collect(),
        open: open
            .into_iter()
            .map(|open| of_invitation(console, visitor, open))
            .collect(),
        has_relay: console.has_relay,
    })
}

fn of_invitation(console: &Console, visitor: &Visitor, open: Invitation) -> Open {
    Open {
        here: visitor.path(&format!("/people/invitations/{}", open.id)),
        can_mail: can_mail(console, &open.email),
        email: open.email,
        role: open.role,
        by: open.by.unwrap_or_else(|| "the command line".to_owned()),
        until: shown::time(open.expires_at, &console.zone),
        mail: match open.mail {
            None => "by a link",
            Some(MailState::Waiting) => "mail waits",
            Some(MailState::Sent) => "mailed",
            Some(MailState::Failed) => "mail failed",
        },
    }
}
