//! What can be done with a code, and with a person's.

use actix_web::{HttpRequest, HttpResponse, web};
use domain::ExternalId;
use storage::{DisableOutcome, RedeemOutcome, ReleaseOutcome};

use super::{code_in_path, code_path};
use crate::{Console, error::PageError, form::Form, page::see, pages::lists::list_in_path, visitor::Visitor};

/// `POST …/codes/{code}/redeem`
pub(crate) async fn redeem(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let list = list_in_path(&console, &visitor, &request).await?;
    let code = code_in_path(&request)?;
    let storage = &console.storage;
    let place = storage
        .find_code(&list, &code)
        .await?
        .ok_or(PageError::NotFound)?;
    let text = match storage.redeem(&list, place, None, None).await? {
        RedeemOutcome::Redeemed => {
            let id = list.public_id.to_string();
            storage
                .note(visitor.workspace()?, "code.redeem", Some(&id), None)
                .await?;
            "The code is redeemed."
        }
        RedeemOutcome::Already => "The code was redeemed before. Nothing was changed.",
        RedeemOutcome::NotRedeemable => {
            "Nobody has the code for good, so it cannot be redeemed. Nothing was changed."
        }
    };
    visitor.leave(storage, text).await?;
    Ok(see(code_path(&visitor, &list, &code)))
}

/// `POST …/codes/{code}/release`
pub(crate) async fn release(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let list = list_in_path(&console, &visitor, &request).await?;
    let code = code_in_path(&request)?;
    let storage = &console.storage;
    let place = storage
        .find_code(&list, &code)
        .await?
        .ok_or(PageError::NotFound)?;
    let passport = storage.passport(&list, place).await?.ok_or(PageError::NotFound)?;
    let text = match passport.allocation {
        Some(one) => match storage.release(&list, &[one.allocation.position]).await?.first() {
            Some(ReleaseOutcome::Released) => "The code was given back: somebody else gets it next.",
            _ => "The code can no longer be given back. Nothing was changed.",
        },
        None => "Nobody has the code now. Nothing was changed.",
    };
    visitor.leave(storage, text).await?;
    Ok(see(code_path(&visitor, &list, &code)))
}

/// `POST …/codes/{code}/disable`
pub(crate) async fn disable(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let list = list_in_path(&console, &visitor, &request).await?;
    let code = code_in_path(&request)?;
    let storage = &console.storage;
    let place = storage
        .find_code(&list, &code)
        .await?
        .ok_or(PageError::NotFound)?;
    let text = match storage.disable(&list, place, &code).await? {
        DisableOutcome::Disabled => {
            let id = list.public_id.to_string();
            storage
                .note(visitor.workspace()?, "code.disable", Some(&id), None)
                .await?;
            "The code is disabled: it never goes out again."
        }
        DisableOutcome::Redeemed => "The code was redeemed already. Nothing was changed.",
        DisableOutcome::Absent => "The list does not have the code any more. Nothing was changed.",
    };
    visitor.leave(storage, text).await?;
    Ok(see(code_path(&visitor, &list, &code)))
}

/// `POST /console/w/{workspace}/users/erase`
pub(crate) async fn erase_user(
    console: web::Data<Console>,
    visitor: Visitor,
    form: Form,
) -> Result<HttpResponse, PageError> {
    let workspace = visitor.workspace()?;
    let user =
        ExternalId::new(form.exact("user")).map_err(|_| PageError::BadForm("Nobody can be called so."))?;
    let erased = console.storage.erase_user(workspace, &user).await?;
    console.storage.note(workspace, "user.erase", None, None).await?;
    let text = format!(
        "The person was erased from {}. Codes and counts stay.",
        crate::shown::count(erased, "hand-out")
    );
    visitor.leave(&console.storage, &text).await?;
    Ok(see(visitor.path("/find")))
}
