//! `GET /v1/coupon-list`

use actix_web::{HttpRequest, HttpResponse, web};
use domain::FreeText;
use serde::Serialize;
use storage::ListQuery;
use utoipa::ToSchema;

use super::shown::{ListStatus as ShownStatus, ShownList};
use crate::{
    App,
    authentication::Workspace,
    error::{ApiError, Envelope},
    openapi::refusals::Guarded,
    page::{PageParameters, page},
    query::query,
};

#[derive(Serialize, ToSchema)]
#[schema(as = CouponLists)]
struct Lists {
    data: Vec<ShownList>,
}

query! {
    struct ListParameters {
        /// Only lists in this state; given once, exactly. All lists if absent.
        #[param(inline)]
        status: Option<ShownStatus>,
        /// Only lists with this in their name or label, in whatever case.
        #[param(max_length = 255, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
        search: Option<String>,
    }
}

#[utoipa::path(
    get,
    path = "/v1/coupon-list",
    operation_id = "fetchAllCouponLists",
    tag = "Coupon Lists",
    summary = "Fetch All Coupon Lists",
    description = "The workspace's lists, the newest first.",
    params(ListParameters, PageParameters),
    responses(
        (status = 200, description = "The lists.", body = Lists),
        (status = 400, description = "`bad-request`: a parameter is not what it should be, or there twice.", body = Envelope),
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
    let query = asked(request.query_string())?;
    let lists = app.storage.lists(&workspace.0, &query).await?;
    Ok(HttpResponse::Ok().json(Lists {
        data: lists.into_iter().map(ShownList::new).collect(),
    }))
}

/// Other parameters are ignored.
fn asked(query: &str) -> Result<ListQuery, ApiError> {
    let asked = ListParameters::of(query);
    let status = asked.status.text()?.map(str::parse).transpose();
    let status = status.map_err(|error| asked.status.wrong(error))?;
    let search = asked.search.text()?.filter(|search| !search.is_empty());
    if search.is_some_and(|search| FreeText::new(search).is_err()) {
        return Err(asked
            .search
            .wrong("must be up to 255 characters, none of them a control character"));
    }
    Ok(ListQuery {
        status,
        search: search.map(str::to_owned),
        page: page(query)?,
    })
}
