//! `POST /console/account/sign-out-elsewhere`

use actix_web::{HttpResponse, web};

use super::account_path;
use crate::{Console, error::PageError, page::see, shown, visitor::Visitor};

pub(crate) async fn end_others(
    console: web::Data<Console>,
    visitor: Visitor,
) -> Result<HttpResponse, PageError> {
    let (storage, person) = (&console.storage, visitor.person());
    let ended = storage.end_other_sessions(person, &visitor.token).await?;
    storage
        .note_of_account(person, "account.sign-out-elsewhere")
        .await?;
    let ended = shown::count(i64::try_from(ended).unwrap_or(i64::MAX), "other browser");
    visitor
        .leave(storage, &format!("You are signed out in {ended}."))
        .await?;
    Ok(see(account_path("")))
}
