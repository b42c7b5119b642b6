//! The files of a list.

pub(crate) mod change;
mod received;
pub(crate) mod reissue;
pub(crate) mod rejections;
pub(crate) mod show;
pub(crate) mod upload;

use actix_web::HttpRequest;
use domain::PublicId;

use crate::error::PageError;

/// The file that the path names, which may or may not be one of the list.
fn file_in_path(request: &HttpRequest) -> Result<PublicId, PageError> {
    let id = request.match_info().get("file").and_then(|id| id.parse().ok());
    id.ok_or(PageError::NotFound)
}
