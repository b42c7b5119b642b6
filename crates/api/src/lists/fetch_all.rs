//! `GET /v1/coupon-list`

use actix_web::{HttpRequest, HttpResponse, web};
use domain::ListStatus;
use serde::Serialize;

use super::shown::ShownList;
use crate::{App, authentication::Workspace, error::ApiError};

#[derive(Serialize)]
struct Lists {
    data: Vec<ShownList>,
}

/// All lists, unless a status is asked for: the parameter's own note in the documentation says so, and a client that
/// filters for itself stays right.
pub(crate) async fn fetch_all(
    app: web::Data<App>,
    workspace: Workspace,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let status = asked_status(request.query_string())?;
    let lists = app.storage.lists(&workspace.0, status).await?;
    Ok(HttpResponse::Ok().json(Lists {
        data: lists.into_iter().map(ShownList::new).collect(),
    }))
}

/// The one `status` of the query; other parameters are ignored.
fn asked_status(query: &str) -> Result<Option<ListStatus>, ApiError> {
    let mut asked = url::form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == "status");
    let Some((_, status)) = asked.next() else {
        return Ok(None);
    };
    if asked.next().is_some() {
        return Err(ApiError::Bad("'status' must be given once.".to_owned()));
    }
    status
        .parse()
        .map(Some)
        .map_err(|error| ApiError::Bad(format!("'status' {error}.")))
}
