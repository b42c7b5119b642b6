//! The lists of a workspace.

pub(crate) mod change;
mod chart;
pub(crate) mod create;
pub(crate) mod fetch_all;
mod fields;
mod filter;
pub(crate) mod show;

use std::sync::Arc;

use actix_web::HttpRequest;
use storage::ListRef;

use crate::{Console, error::PageError, visitor::Visitor};

/// The list of the path; one of another workspace is not there.
pub(crate) async fn list_in_path(
    console: &Console,
    visitor: &Visitor,
    request: &HttpRequest,
) -> Result<Arc<ListRef>, PageError> {
    let id = request.match_info().get("list").and_then(|id| id.parse().ok());
    let found = console
        .storage
        .find_list(visitor.workspace()?, id.ok_or(PageError::NotFound)?);
    found.await?.ok_or(PageError::NotFound)
}

/// The address of a list, or of something of it; `rest` is empty or begins with a slash.
pub(crate) fn list_path(visitor: &Visitor, list: &ListRef, rest: &str) -> String {
    visitor.path(&format!("/lists/{}{rest}", list.public_id))
}
