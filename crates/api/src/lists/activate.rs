//! `PUT /v1/coupon-list/{coupon_list_id}/activate`

use actix_web::{HttpResponse, web};
use domain::parse_expiry;
use storage::Changed;

use crate::{
    App,
    body::{Body, CONTRACT_BYTES},
    error::ApiError,
    fields::wrong,
    path::List,
};

pub(crate) async fn activate(app: web::Data<App>, list: List, body: Body) -> Result<HttpResponse, ApiError> {
    const KEY: &str = "expires_at";
    let mut fields = body.object_or_empty(CONTRACT_BYTES).await?;
    let text = fields
        .text(KEY)
        .map_err(ApiError::into_bad)?
        .ok_or(ApiError::MissingKey(Some(KEY)))?;
    let expires_at = parse_expiry(&text, &app.zone).map_err(|error| wrong(KEY, error).into_bad())?;
    match app.storage.activate_list(&list.0, expires_at).await? {
        Changed::Done => Ok(HttpResponse::NoContent().finish()),
        Changed::Expired => Err(wrong(KEY, "must not have passed").into_bad()),
    }
}
