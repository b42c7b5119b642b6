//! `POST /console/account/password`

use actix_web::{HttpRequest, HttpResponse, web};
use storage::SignIn;

use super::{
    TOO_OFTEN, account_path, attempt,
    show::{Refusals, refused},
};
use crate::{
    Console, error::PageError, form::Form, guard, page::see, pages::link::password_in, visitor::Visitor,
};

pub(crate) async fn change(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, PageError> {
    let address = guard::address(&console, &request);
    let former = form.secret("former");
    let refusal = match password_in(&form) {
        Err(refusal) => refusal,
        Ok(password) => {
            let (storage, person) = (&console.storage, visitor.person());
            match storage.sign_in(&attempt(&visitor, &former, &address)).await? {
                SignIn::Right(_) => {
                    storage.change_password(person, &password, &visitor.token).await?;
                    storage.note_of_account(person, "account.password").await?;
                    let text = "The password was changed. All other browsers have to sign in again.";
                    visitor.leave(storage, text).await?;
                    return Ok(see(account_path("")));
                }
                SignIn::Wrong => "The former password is not right. Nothing was changed.".to_owned(),
                SignIn::TooOften => TOO_OFTEN.to_owned(),
            }
        }
    };
    let refusals = Refusals {
        password: Some(refusal),
        ..Refusals::default()
    };
    refused(&console, &visitor, refusals).await
}
