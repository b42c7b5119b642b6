//! `POST …/people/invitations/{invitation}/withdraw`

use actix_web::{HttpRequest, HttpResponse, web};

use super::invitation_in_path;
use crate::{Console, error::PageError, page::see, visitor::Visitor};

pub(crate) async fn withdraw(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let open = invitation_in_path(&console, &visitor, &request).await?;
    let (storage, workspace) = (&console.storage, visitor.workspace()?);
    // It may have been accepted a moment before.
    if !storage.withdraw_invitation(workspace, open.id).await? {
        return Err(PageError::NotFound);
    }
    storage
        .note(workspace, "person.invite-withdraw", None, Some(&open.email))
        .await?;
    let text = format!("The invitation for {} opens nothing any more.", open.email);
    visitor.leave(storage, &text).await?;
    Ok(see(visitor.path("/people")))
}
