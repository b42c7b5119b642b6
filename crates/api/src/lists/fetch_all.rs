//! `GET /v1/coupon-list`

use actix_web::{HttpRequest, HttpResponse, web};
use domain::ListStatus;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::shown::{ListStatus as ShownStatus, ShownList};
use crate::{
    App,
    authentication::Workspace,
    error::{ApiError, Envelope},
    openapi::refusals::Guarded,
};

#[derive(Serialize, ToSchema)]
#[schema(as = CouponLists)]
struct Lists {
    data: Vec<ShownList>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "what `asked_status` reads, for the document")]
struct Query {
    /// Only lists in this state; given once, exactly. All lists if absent.
    #[param(inline)]
    status: Option<ShownStatus>,
}

#[utoipa::path(
    get,
    path = "/v1/coupon-list",
    operation_id = "fetchAllCouponLists",
    tag = "Coupon Lists",
    summary = "Fetch All Coupon Lists",
    description = "The workspace's lists, the newest first.",
    params(Query),
    responses(
        (status = 200, description = "The lists.", body = Lists),
        (status = 400, description = "`bad-request`: another `status`, or two.", body = Envelope),
        Guarded,
    ),
)]
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
