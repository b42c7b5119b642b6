//! `GET /v1/codes/{code}`

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{passport, shown::ShownPassport};
use crate::{
    App,
    authentication::Workspace,
    error::ApiError,
    openapi::refusals::{Guarded, NamesThing},
    path::code_in_path,
};

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only the document speaks of this type")]
struct AnyCodePath {
    /// The code, percent-encoded where a path needs it.
    #[param(example = "BF20-WERT-NBVC")]
    code: String,
}

/// Several lists may hold the same code.
#[derive(Serialize, ToSchema)]
#[schema(as = CodePassports)]
struct Passports {
    data: Vec<ShownPassport>,
}

#[utoipa::path(
    get,
    path = "/v1/codes/{code}",
    operation_id = "searchCode",
    tag = "Codes",
    summary = "A code's passports in all lists",
    description = "Looks the code up in every list of the workspace, the newest list first. Costs a look-up for each \
        list; ask one list if it is known.",
    params(AnyCodePath),
    responses((status = 200, description = "The passports.", body = Passports), Guarded, NamesThing),
)]
pub(crate) async fn search(
    app: web::Data<App>,
    workspace: Workspace,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let code = code_in_path(&request)?;
    let mut data = Vec::new();
    let lists = app.storage.list_refs(&workspace.0).await?;
    for (list, place) in app.storage.find_code_in(&lists, &code).await? {
        data.extend(passport(&app, &list, code.clone(), place).await?);
    }
    if data.is_empty() {
        return Err(ApiError::NotFound);
    }
    Ok(HttpResponse::Ok().json(Passports { data }))
}
