//! The members of a workspace.

pub(crate) mod change;
pub(crate) mod fetch_all;
pub(crate) mod invite;
pub(crate) mod password_link;
pub(crate) mod renew;
pub(crate) mod withdraw;

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use domain::{PublicId, Subscribers};
use storage::{Invitation, Member, Token};

use crate::{
    Console,
    error::PageError,
    page::{Frame, render},
    visitor::Visitor,
};

/// A link for somebody, on the only page that shows it. Not by way of the session's message: the database knows the hashes of
/// links only.
#[derive(Template)]
#[template(path = "people/link.html")]
struct LinkPage<'a> {
    frame: Frame<'a>,
    link: String,
    what_for: String,
    back: String,
}

fn show_link(
    console: &Console,
    visitor: &Visitor,
    title: &str,
    token: &Token,
    what_for: String,
) -> Result<HttpResponse, PageError> {
    render(&LinkPage {
        frame: Frame::of(title, "people", visitor),
        link: crate::link(&console.public_url, token),
        what_for,
        back: visitor.path("/people"),
    })
}

/// The person that the path names.
fn person_in_path(request: &HttpRequest) -> Result<PublicId, PageError> {
    let id = request.match_info().get("person").and_then(|id| id.parse().ok());
    id.ok_or(PageError::NotFound)
}

/// The member that the path names; somebody of another workspace is not there.
async fn member_in_path(
    console: &Console,
    visitor: &Visitor,
    request: &HttpRequest,
) -> Result<Member, PageError> {
    let id = person_in_path(request)?;
    let members = console.storage.members(visitor.workspace()?).await?;
    let found = members.into_iter().find(|member| member.person.public_id == id);
    found.ok_or(PageError::NotFound)
}

/// The open invitation that the path names; another workspace's is not there.
async fn invitation_in_path(
    console: &Console,
    visitor: &Visitor,
    request: &HttpRequest,
) -> Result<Invitation, PageError> {
    let id = request.match_info().get("invitation");
    let id: i64 = id.and_then(|id| id.parse().ok()).ok_or(PageError::NotFound)?;
    let open = console.storage.invitations(visitor.workspace()?).await?;
    let found = open.into_iter().find(|invitation| invitation.id == id);
    found.ok_or(PageError::NotFound)
}

/// Whether an invitation for this address can be mailed.
fn can_mail(console: &Console, email: &str) -> bool {
    let address = Subscribers::new(vec![email.to_owned()]);
    console.has_relay && address.is_ok_and(|address| console.mail_domains.first_outside(&address).is_none())
}

/// What an invitation's link does, for who passes it on.
fn about_link(email: &str, role: domain::Role) -> String {
    format!(
        "It makes whoever has the address {email} a {role} of this workspace: once, within 7 days. It was not mailed: send it \
         to them yourself."
    )
}
