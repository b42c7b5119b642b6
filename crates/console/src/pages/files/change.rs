//! What can be done about a bad file.

use actix_web::{HttpRequest, HttpResponse, web};

use super::file_in_path;
use crate::{
    Console,
    error::PageError,
    page::see,
    pages::lists::{list_in_path, list_path},
    visitor::Visitor,
};

/// `POST …/files/{file}/quarantine`
pub(crate) async fn quarantine(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    set_aside(&console, &visitor, &request, true).await
}

/// `POST …/files/{file}/resume`
pub(crate) async fn resume(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    set_aside(&console, &visitor, &request, false).await
}

async fn set_aside(
    console: &Console,
    visitor: &Visitor,
    request: &HttpRequest,
    aside: bool,
) -> Result<HttpResponse, PageError> {
    let list = list_in_path(console, visitor, request).await?;
    let id = file_in_path(request)?;
    if !console.storage.quarantine_file(&list, id, aside).await? {
        return Err(PageError::NotFound);
    }
    let (action, text) = if aside {
        (
            "file.quarantine",
            "The file is set aside: none of its codes goes out until you resume it.",
        )
    } else {
        ("file.resume", "The file's codes go out again.")
    };
    let (list_id, file_id) = (list.public_id.to_string(), id.to_string());
    console
        .storage
        .note(visitor.workspace()?, action, Some(&list_id), Some(&file_id))
        .await?;
    visitor.leave(&console.storage, text).await?;
    Ok(see(list_path(visitor, &list, &format!("/files/{id}"))))
}

/// `POST …/files/{file}/delete`
pub(crate) async fn delete(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let list = list_in_path(&console, &visitor, &request).await?;
    let id = file_in_path(&request)?;
    if !console.storage.delete_file(&list, id).await? {
        return Err(PageError::NotFound);
    }
    let (list_id, file_id) = (list.public_id.to_string(), id.to_string());
    console
        .storage
        .note(
            visitor.workspace()?,
            "file.delete",
            Some(&list_id),
            Some(&file_id),
        )
        .await?;
    let text =
        "The file was deleted: its free codes are gone. What was handed out of it can still be looked up.";
    visitor.leave(&console.storage, text).await?;
    Ok(see(list_path(&visitor, &list, "")))
}
