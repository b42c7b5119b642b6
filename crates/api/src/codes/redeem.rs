//! `POST /v1/coupon-list/{coupon_list_id}/codes/{code}/redeem`

use actix_web::{HttpRequest, HttpResponse, web};
use domain::ExternalId;
use serde_json::Value;
use storage::RedeemOutcome;
use utoipa::openapi::Object;

use super::{passport, place, shown::ShownPassport};
use crate::{
    App,
    body::{BODY_BYTES, Body},
    error::{ApiError, Envelope},
    fields::{Field, body},
    openapi::{
        refusals::{Guarded, NamesPart, ReadsBody},
        texts,
    },
    path::{CodePath, List, code_in_path},
};

/// The most that `metadata` may have, in bytes.
const METADATA_BYTES: usize = 4 * 1024;

body! {
    /// What the shop has to say; may be empty.
    #[schema(examples(json!({"redemption_id": "order-4711", "metadata": {"shop": "Berlin"}})))]
    struct RedeemCodeBody {
        /// A second call with the same id is a repeat; without one every second call is refused.
        redemption_id: Option<texts::ExternalId>,
        /// Up to 4 KiB, kept as it is.
        metadata: Option<Object>,
    }
}

#[utoipa::path(
    post,
    path = "/v1/coupon-list/{coupon_list_id}/codes/{code}/redeem",
    operation_id = "redeemCode",
    tag = "Codes",
    summary = "Redeem a code",
    description = "Notes that the code was used, exactly once.",
    params(CodePath),
    request_body = RedeemCodeBody,
    responses(
        (status = 200, description = "It is redeemed, by this call or by one with the same id.", body = ShownPassport),
        (status = 400, description = "`invalid-request`", body = Envelope),
        (status = 409, description = "`already-redeemed` or `not-redeemable`.", body = Envelope),
        Guarded,
        NamesPart,
        ReadsBody,
    ),
)]
pub(crate) async fn redeem(
    app: web::Data<App>,
    list: List,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    let code = code_in_path(&request)?;
    let place = place(&app, &list.0, &code).await?;
    let fields = body.object_or_empty(BODY_BYTES).await?;
    let said: RedeemCodeBody = fields.strict()?;
    let redemption_id = said.redemption_id.get()?;
    let metadata = metadata(&said.metadata)?;
    let redemption_id = redemption_id.map(ExternalId::into_string);
    match app
        .storage
        .redeem(&list.0, place, redemption_id, metadata)
        .await?
    {
        RedeemOutcome::Redeemed => {}
        RedeemOutcome::Already => return Err(ApiError::AlreadyRedeemed),
        RedeemOutcome::NotRedeemable => return Err(ApiError::NotRedeemable),
    }
    let passport = passport(&app, &list.0, code, place)
        .await?
        .ok_or(ApiError::NotFound)?;
    Ok(HttpResponse::Ok().json(passport))
}

fn metadata(field: &Field<Option<Object>>) -> Result<Option<Value>, ApiError> {
    match field.value() {
        None => Ok(None),
        Some(metadata @ Value::Object(_)) if metadata.to_string().len() <= METADATA_BYTES => {
            if holds_nul(&metadata) {
                return Err(field.wrong("must not contain control characters"));
            }
            Ok(Some(metadata))
        }
        Some(_) => Err(field.wrong("must be an object of at most 4096 bytes")),
    }
}

/// The one character that JSON has and PostgreSQL's `jsonb` has not.
fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(fields) => fields
            .iter()
            .any(|(key, value)| key.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
