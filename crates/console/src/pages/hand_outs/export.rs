//! `GET /console/w/{workspace}/lists/{list}/handed-out/export`

use actix_web::{
    HttpRequest, HttpResponse,
    error::ErrorInternalServerError,
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    web,
};
use futures_util::TryStreamExt as _;
use reporting::hand_outs_csv;

use super::{fetch_all::has_file, filter::Filter};
use crate::{Console, error::PageError, form::Form, pages::lists::list_in_path, visitor::Visitor};

pub(crate) async fn export(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let list = list_in_path(&console, &visitor, &request).await?;
    let asked = Form::of_query(&request);
    let filter = Filter::of(&asked)
        .read(&console)
        .map_err(|_| PageError::NotFound)?;
    if !has_file(&console, &list, filter.file).await? {
        return Err(PageError::NotFound);
    }
    let id = list.public_id.to_string();
    console
        .storage
        .note(visitor.workspace()?, "allocations.export", Some(&id), None)
        .await?;
    // The head is out by then: all that is left is to break the connection, so that nobody takes a part for the whole.
    let csv = hand_outs_csv(&console.storage, *list, filter, console.zone.clone());
    let csv = csv.map_err(|error| {
        tracing::warn!(%error, "an export was cut off");
        ErrorInternalServerError("cut off")
    });
    let name = format!("attachment; filename=\"handed-out-{id}.csv\"");
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, name))
        .streaming(csv))
}
