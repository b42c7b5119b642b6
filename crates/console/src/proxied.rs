//! Those whom a proxy in front of the console signs in (`COUPONRY_AUTH_PROXY_HEADER`): each of its requests names somebody, and a
//! session is that person's or ends.

use actix_web::{HttpMessage as _, HttpRequest};
use storage::{Session, Token};

use crate::{Console, error::PageError, guard};

/// A session that began with this request: its cookie goes with the answer.
#[derive(Clone)]
pub(crate) struct Begun(pub(crate) Token);

/// Whom the proxy names; nobody if there is none, or it names nobody.
pub(crate) fn named(console: &Console, request: &HttpRequest) -> Option<String> {
    let said = console.signed_in_before.as_ref()?(request)?;
    let email = said.trim().to_lowercase();
    (!email.is_empty()).then_some(email)
}

/// The session of whom the proxy names: the browser's, or one that begins now. Nothing if no proxy names anybody.
pub(crate) async fn session(
    console: &Console,
    request: &HttpRequest,
) -> Result<Option<(Token, Session)>, PageError> {
    let Some(email) = named(console, request) else {
        return Ok(None);
    };
    let storage = &console.storage;
    if let Some(token) = guard::presented(request) {
        match storage.session(&token).await? {
            Some(session) if session.person.email == email && !session.is_half => {
                return Ok(Some((token, session)));
            }
            // Somebody else's, or without a second factor, which is the proxy's matter now.
            _ => storage.end_session(&token).await?,
        }
    }
    // The database keeps no such texts.
    let person = if email.contains('\0') {
        None
    } else {
        storage.person_of_address(&email).await?
    };
    let person = person.ok_or(PageError::Stranger)?;
    let (address, agent) = (guard::address(console, request), guard::agent(request));
    let token = storage.begin_session(&person, false, &address, &agent).await?;
    let session = storage.session(&token).await?.ok_or(PageError::Stranger)?;
    request.extensions_mut().insert(Begun(token.clone()));
    Ok(Some((token, session)))
}
