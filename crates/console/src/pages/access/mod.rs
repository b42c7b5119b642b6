//! What programs get in with: API keys, and the secret that callbacks are signed with.

mod fields;
pub(crate) mod keys;
pub(crate) mod show;
pub(crate) mod webhook_secret;

use actix_web::HttpResponse;
use askama::Template;

use crate::{
    error::PageError,
    page::{Frame, render},
    visitor::Visitor,
};

const API_KEY: &str = "API key";
const WEBHOOK_SECRET: &str = "Webhook secret";

/// A secret, on the only page that shows it. Not by way of the session's message: that would be written into the database as it
/// is.
#[derive(Template)]
#[template(path = "access/secret.html")]
struct SecretPage<'a> {
    frame: Frame<'a>,
    /// What the secret is called.
    label: &'a str,
    secret: &'a str,
    /// Whether it can never be looked at again.
    is_once: bool,
    said: String,
    back: String,
}

fn show_secret(
    visitor: &Visitor,
    title: &str,
    label: &str,
    secret: &str,
    said: String,
) -> Result<HttpResponse, PageError> {
    render(&SecretPage {
        frame: Frame::of(title, "access", visitor),
        label,
        secret,
        is_once: label == API_KEY,
        said,
        back: visitor.path("/access"),
    })
}
