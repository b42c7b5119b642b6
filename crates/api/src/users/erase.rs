//! `DELETE /v1/users/{user_id}`

use actix_web::{HttpRequest, HttpResponse, web};
use domain::ExternalId;
use utoipa::IntoParams;

use crate::{
    App, authentication::Workspace, error::ApiError, openapi::refusals::Guarded, path::text_in_path,
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
) -> Result<HttpResponse, ApiError> {
    if let Ok(user_id) = text_in_path(&request, "user_id")
        .and_then(|text| ExternalId::new(text).map_err(|_| ApiError::NotFound))
    {
        app.storage.erase_user(&workspace.0, user_id.as_str()).await?;
    }
    Ok(HttpResponse::NoContent().finish())
}
