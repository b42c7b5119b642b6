//! What a member may do, and whether somebody is one.

use actix_web::{HttpRequest, HttpResponse, web};
use domain::Role;

use super::{fetch_all::refused_row, member_in_path};
use crate::{Console, error::PageError, form::Form, page::see, visitor::Visitor};

/// `POST …/people/{person}/role`
pub(crate) async fn role(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, PageError> {
    let role = form.text("role").parse();
    let role: Role = role.map_err(|_| PageError::BadForm("Choose a role."))?;
    change(&console, &visitor, &request, Some(role)).await
}

/// `POST …/people/{person}/remove`
pub(crate) async fn remove(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    change(&console, &visitor, &request, None).await
}

async fn change(
    console: &Console,
    visitor: &Visitor,
    request: &HttpRequest,
    role: Option<Role>,
) -> Result<HttpResponse, PageError> {
    let member = member_in_path(console, visitor, request).await?;
    if role == Some(member.role) {
        return Ok(see(visitor.path("/people")));
    }
    let (storage, workspace) = (&console.storage, visitor.workspace()?);
    let id = member.person.public_id;
    let name = &member.person.name;
    match storage.change_role(workspace, id, role).await? {
        None => return Err(PageError::NotFound),
        Some(false) => {
            let refusal =
                "A workspace keeps an admin, and this is the last one. Make somebody else an admin first.";
            return refused_row(console, visitor, refusal).await;
        }
        Some(true) => {}
    }
    let (action, text) = match role {
        Some(Role::Admin) => ("person.role-admin", format!("{name} is an admin now.")),
        Some(Role::Manager) => ("person.role-manager", format!("{name} is a manager now.")),
        Some(Role::Viewer) => ("person.role-viewer", format!("{name} is a viewer now.")),
        None => (
            "person.remove",
            format!("{name} is no member of this workspace any more."),
        ),
    };
    storage
        .note(workspace, action, None, Some(&id.to_string()))
        .await?;
    let text = format!("{text} All browsers of this person have to sign in again.");
    visitor.leave(storage, &text).await?;
    Ok(see(visitor.path("/people")))
}
