//! The members of a workspace.

pub(crate) mod change;
pub(crate) mod fetch_all;
pub(crate) mod invite;
pub(crate) mod password_link;

use actix_web::HttpRequest;
use askama::Template;
use domain::PublicId;
use storage::{Member, Token};

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
) -> Result<actix_web::HttpResponse, PageError> {
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
