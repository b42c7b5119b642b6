//! The pages, by what they are about, as in their addresses.

pub(crate) mod access;
pub(crate) mod account;
pub(crate) mod activity;
pub(crate) mod bulk_actions;
pub(crate) mod codes;
pub(crate) mod files;
pub(crate) mod hand_outs;
pub(crate) mod link;
pub(crate) mod lists;
pub(crate) mod people;
pub(crate) mod pull_tokens;
pub(crate) mod reports;
pub(crate) mod sign_in;

use actix_web::HttpResponse;
use askama::Template;

use crate::{
    error::PageError,
    page::{Frame, render, see},
    visitor::{Visitor, workspace_path},
};

#[derive(Template)]
#[template(path = "no_workspace.html")]
struct NoWorkspace<'a> {
    frame: Frame<'a>,
}

/// `GET /console`: the lists of the visitor's first workspace.
pub(crate) async fn home(visitor: Visitor) -> Result<HttpResponse, PageError> {
    match visitor.session.memberships.first() {
        Some(first) => Ok(see(format!("{}/lists", workspace_path(first)))),
        None => render(&NoWorkspace {
            frame: Frame::of("No workspace yet", "", &visitor),
        }),
    }
}
