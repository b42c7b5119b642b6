//! The fields of a form as it was sent, or of a query.

use std::{collections::HashMap, time::Duration};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest, dev::Payload, http::header, rt::time::timeout, web,
};
use futures_util::{FutureExt as _, StreamExt as _, future::LocalBoxFuture};
use secrecy::SecretString;
use tokio::sync::Semaphore;
use url::form_urlencoded;

use crate::{Console, error::PageError, visitor::Visitor};

/// Ten thousand pasted codes, and more.
const FORM_BYTES: usize = 4 * 1024 * 1024;
/// What somebody may send who has not signed in, and how much of a form takes no turn.
const SMALL_FORM_BYTES: usize = 16 * 1024;
/// How many of the others there may be at once, and how long the next waits for its turn.
static LARGE_FORMS: Semaphore = Semaphore::const_new(8);
const TURN: Duration = Duration::from_secs(5);

/// What was sent, urlencoded. Of a field that came twice the last counts.
#[derive(Debug, Default)]
pub(crate) struct Form(HashMap<String, String>);

impl Form {
    pub(crate) fn of_query(request: &HttpRequest) -> Self {
        Self::read(request.query_string().as_bytes())
    }

    fn read(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// Without blanks at its ends; empty if it did not come.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).map(|text| text.trim()).unwrap_or_default()
    }

    /// As it came.
    pub(crate) fn exact(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }

    pub(crate) fn secret(&self, name: &str) -> SecretString {
        SecretString::from(self.exact(name))
    }

    /// Whether a box was ticked.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

impl FromRequest for Form {
    type Error = PageError;
    type Future = LocalBoxFuture<'static, Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_form = request
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
        let has_signed_in = request.extensions().contains::<Visitor>();
        let console = request.app_data::<web::Data<Console>>().cloned();
        let payload = payload.take();
        async move {
            let patience = console.ok_or(PageError::Busy)?.patience;
            let text = timeout(patience, read(payload, has_signed_in)).await;
            let text = text.map_err(|_| PageError::BadForm("It took too long to come."))??;
            if is_form || text.is_empty() {
                Ok(Self::read(&text))
            } else {
                Err(PageError::BadForm("It is not a form."))
            }
        }
        .boxed_local()
    }
}

async fn read(mut payload: Payload, has_signed_in: bool) -> Result<Vec<u8>, PageError> {
    let mut text = Vec::new();
    let mut turn = None;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| PageError::BadForm("It did not come whole."))?;
        let bytes = text.len() + chunk.len();
        if bytes > FORM_BYTES || (bytes > SMALL_FORM_BYTES && !has_signed_in) {
            return Err(PageError::BadForm("It is too long."));
        }
        if bytes > SMALL_FORM_BYTES && turn.is_none() {
            let next = timeout(TURN, LARGE_FORMS.acquire()).await;
            turn = Some(next.map_err(|_| PageError::Busy)?.map_err(|_| PageError::Busy)?);
        }
        text.extend_from_slice(&chunk);
    }
    Ok(text)
}
