//! `GET /v1/coupon-list/{coupon_list_id}/pull-tokens`

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::shown::ShownToken;
use crate::{
    App,
    error::ApiError,
    openapi::refusals::{Guarded, NamesList},
    path::{List, ListPath},
};

#[derive(Serialize, ToSchema)]
#[schema(as = PullTokens)]
struct Tokens {
    data: Vec<ShownToken>,
}

#[utoipa::path(
    get,
    path = "/v1/coupon-list/{coupon_list_id}/pull-tokens",
    operation_id = "fetchPullTokens",
    tag = "Pull",
    summary = "Fetch the pull tokens",
    description = "The list's tokens that were not revoked, the newest first.",
    params(ListPath),
    responses((status = 200, description = "The tokens.", body = Tokens), Guarded, NamesList),
)]
pub(crate) async fn fetch_all(app: web::Data<App>, list: List) -> Result<HttpResponse, ApiError> {
    let key = app.storage.link_key(&list.0).await?;
    let tokens = app.storage.pull_tokens(&list.0).await?;
    let shown = |token| ShownToken::new(token, &key, &app.public_url);
    Ok(HttpResponse::Ok().json(Tokens {
        data: tokens.into_iter().map(shown).collect(),
    }))
}
