//! `POST /console/account/password`

use actix_web::{HttpRequest, HttpResponse, web};

use super::{
    TOO_OFTEN, account_path, is_too_often, note_wrong,
    show::{Refusals, refused},
};
use crate::{Console, error::PageError, form::Form, page::see, pages::link::password_in, visitor::Visitor};

pub(crate) async fn change(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, PageError> {
    let refusal = match password_in(&form) {
        Err(refusal) => refusal,
        Ok(_) if is_too_often(&console, &visitor, &request).await? => TOO_OFTEN.to_owned(),
        Ok(password) => {
            let (storage, person) = (&console.storage, visitor.person());
            let former = form.secret("former");
            let changed = storage.change_password(person, &former, &password, &visitor.token);
            if changed.await? {
                storage.note_of_account(person, "account.password").await?;
                let text = "The password was changed. All other browsers have to sign in again.";
                visitor.leave(storage, text).await?;
                return Ok(see(account_path("")));
            }
            note_wrong(&console, &visitor, &request).await?;
            "The former password is not right. Nothing was changed.".to_owned()
        }
    };
    let refusals = Refusals {
        password: Some(refusal),
        ..Refusals::default()
    };
    refused(&console, &visitor, refusals).await
}
