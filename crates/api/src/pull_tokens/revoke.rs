//! `DELETE /v1/coupon-list/{coupon_list_id}/pull-tokens/{token_id}`

use actix_web::{HttpRequest, HttpResponse, web};

use crate::{
    App,
    body::Body,
    error::ApiError,
    openapi::refusals::{Guarded, NamesPart},
    path::{List, TokenPath, token_id},
};

#[utoipa::path(
    delete,
    path = "/v1/coupon-list/{coupon_list_id}/pull-tokens/{token_id}",
    operation_id = "revokePullToken",
    tag = "Pull",
    summary = "Revoke a pull token",
    description = "It opens nothing from the answer on.",
    params(TokenPath),
    responses((status = 204, description = "It is revoked."), Guarded, NamesPart),
)]
pub(crate) async fn revoke(
    app: web::Data<App>,
    list: List,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    body.nothing().await?;
    if app
        .storage
        .revoke_pull_token(&list.0, token_id(&request)?)
        .await?
    {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(ApiError::NotFound)
    }
}
