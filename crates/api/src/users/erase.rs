//! `DELETE /v1/users/{user_id}`

use actix_web::{HttpRequest, HttpResponse, web};
use domain::{ExternalId, TextError};
use utoipa::IntoParams;

use crate::{
    App, authentication::Workspace, body::Body, error::ApiError, fields::wrong, openapi::refusals::Guarded,
    path::text_in_path,
};

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only the document speaks of this type")]
struct UserPath {
    /// The person's id as the sender gave it, percent-encoded where a path needs it.
    #[param(example = "u-81")]
    user_id: String,
}

#[utoipa::path(
    delete,
    path = "/v1/users/{user_id}",
    operation_id = "eraseUser",
    tag = "Allocations",
    summary = "Erase a person",
    description = "The id is gone from every list of the workspace at once, with what the sender called the requests \
        and what shops said about redemptions; usage reports that may name the person are removed. Codes and counts \
        stay, and a hash of each request key: a repeat is 409 `request-conflict` and takes nothing.",
    params(UserPath),
    responses((status = 204, description = "Nobody of this id is known (any more)."), Guarded),
)]
/// The same answer whether or not anybody was there: it must not tell.
pub(crate) async fn erase(
    app: web::Data<App>,
    workspace: Workspace,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    body.nothing().await?;
    let text = text_in_path(&request, "user_id");
    match text.ok().map(ExternalId::new) {
        Some(Ok(user_id)) => {
            app.storage.erase_user(&workspace.0, &user_id).await?;
        }
        // Somebody was meant whom the sender did not name.
        Some(Err(error @ TextError::Placeholder)) => return Err(wrong("user_id", error)),
        // Nobody can be called so.
        Some(Err(_)) | None => {}
    }
    Ok(HttpResponse::NoContent().finish())
}
