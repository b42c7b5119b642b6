//! `POST /console/w/{workspace}/people/{person}/password-link`

use actix_web::{HttpRequest, HttpResponse, web};

use super::{fetch_all::refused_row, member_in_path, show_link};
use crate::{Console, error::PageError, visitor::Visitor};

pub(crate) async fn create(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let member = member_in_path(&console, &visitor, &request).await?.person;
    let (storage, workspace) = (&console.storage, visitor.workspace()?);
    let made = storage.password_link_for_member(workspace, visitor.person(), member.public_id);
    let Some(token) = made.await?.ok_or(PageError::NotFound)? else {
        let refusal = "This person belongs to another workspace too, where you are no admin, and the link would open that one as \
            well. Whoever runs this service can make one: couponry person create --email …";
        return refused_row(&console, &visitor, refusal).await;
    };
    let id = member.public_id.to_string();
    storage
        .note(workspace, "person.password-link", None, Some(&id))
        .await?;
    let what_for = format!(
        "By it {} chooses another password: once, within 24 hours. Whoever has the link can, so give it to nobody else. It was \
         not mailed: send it yourself.",
        member.name
    );
    show_link(&console, &visitor, "Link for a new password", &token, what_for)
}
