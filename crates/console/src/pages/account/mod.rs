//! What a person can do about the own account, whatever the workspace.

pub(crate) mod password;
pub(crate) mod second_factor;
pub(crate) mod sessions;
pub(crate) mod show;

use actix_web::HttpRequest;

use crate::{Console, ROOT, error::PageError, guard, visitor::Visitor};

const TOO_OFTEN: &str = "Too many wrong attempts from here. Try again in a quarter of an hour.";

fn account_path(rest: &str) -> String {
    format!("{ROOT}/account{rest}")
}

/// Whether passwords and codes are taken from this address for now: whoever finds an open browser must not try them all.
async fn is_too_often(
    console: &Console,
    visitor: &Visitor,
    request: &HttpRequest,
) -> Result<bool, PageError> {
    let address = guard::address(console, request);
    Ok(console.storage.is_too_often(visitor.person(), &address).await?)
}

/// Counts a wrong password or code as a sign-in that failed.
async fn note_wrong(console: &Console, visitor: &Visitor, request: &HttpRequest) -> Result<(), PageError> {
    let address = guard::address(console, request);
    console
        .storage
        .note_wrong_code(visitor.person(), &address)
        .await?;
    Ok(())
}
