//! An invitation with another link, to show or to mail; the one before opens nothing any more.

use actix_web::{HttpRequest, HttpResponse, web};

use super::{about_link, can_mail, fetch_all::refused_row, invitation_in_path, show_link};
use crate::{Console, error::PageError, page::see, visitor::Visitor};

/// `POST …/people/invitations/{invitation}/link`
pub(crate) async fn link(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let open = invitation_in_path(&console, &visitor, &request).await?;
    let (storage, workspace) = (&console.storage, visitor.workspace()?);
    let token = storage.invite(workspace, &open.email, open.role, false).await?;
    storage
        .note(workspace, "person.invite-again", None, Some(&open.email))
        .await?;
    let what_for = about_link(&open.email, open.role) + " The link before this one opens nothing any more.";
    show_link(&console, &visitor, "Invitation", &token, what_for)
}

/// `POST …/people/invitations/{invitation}/mail`
pub(crate) async fn mail(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let open = invitation_in_path(&console, &visitor, &request).await?;
    if !can_mail(&console, &open.email) {
        let refusal = "No mail can go to that address from here. Make a new link, and send it yourself.";
        return refused_row(&console, &visitor, refusal).await;
    }
    let (storage, workspace) = (&console.storage, visitor.workspace()?);
    storage.invite(workspace, &open.email, open.role, true).await?;
    storage
        .note(workspace, "person.invite-again", None, Some(&open.email))
        .await?;
    let text = format!("Another invitation for {} is on its way by mail.", open.email);
    visitor.leave(storage, &text).await?;
    Ok(see(visitor.path("/people")))
}
