//! `POST /console/w/{workspace}/people/invite`

use actix_web::{HttpResponse, web};
use domain::Role;

use super::{
    about_link, can_mail,
    fetch_all::{Invited, refused},
    show_link,
};
use crate::{Console, error::PageError, form::Form, page::see, pages::link::is_address, visitor::Visitor};

pub(crate) async fn invite(
    console: web::Data<Console>,
    visitor: Visitor,
    form: Form,
) -> Result<HttpResponse, PageError> {
    let (email, role) = (form.text("email"), form.text("role"));
    let role: Role = match judge(&console, &visitor, email, role).await? {
        Ok(role) => role,
        Err(refusal) => {
            let refusal = Some(refusal);
            return refused(&console, &visitor, Invited { email, role, refusal }).await;
        }
    };
    let workspace = visitor.workspace()?;
    let is_mailed = can_mail(&console, email);
    let token = console.storage.invite(workspace, email, role, is_mailed).await?;
    console
        .storage
        .note(workspace, "person.invite", None, Some(email))
        .await?;
    if is_mailed {
        let text = format!("An invitation for {email} is on its way by mail.");
        visitor.leave(&console.storage, &text).await?;
        return Ok(see(visitor.path("/people")));
    }
    show_link(&console, &visitor, "Invitation", &token, about_link(email, role))
}

/// The role that is offered, or why nobody is invited.
async fn judge(
    console: &Console,
    visitor: &Visitor,
    email: &str,
    role: &str,
) -> Result<Result<Role, String>, PageError> {
    if let Err(refusal) = is_address(email) {
        return Ok(Err(refusal));
    }
    let Ok(role) = role.parse() else {
        return Ok(Err("Choose a role.".to_owned()));
    };
    let members = console.storage.members(visitor.workspace()?).await?;
    let email = email.to_lowercase();
    let is_member = members.iter().any(|member| member.person.email == email);
    let refusal = "Somebody of this address is a member already. The role is changed in the table.";
    Ok(if is_member {
        Err(refusal.to_owned())
    } else {
        Ok(role)
    })
}
