//! `PUT /v1/coupon-list/{coupon_list_id}/activate`

use actix_web::{HttpResponse, web};
use domain::parse_expiry;
use storage::ActivateListOutcome;

use crate::{
    App,
    body::{BODY_BYTES, Body},
    error::{ApiError, Envelope},
    fields::body,
    openapi::{
        refusals::{Guarded, NamesList, ReadsBody},
        texts,
    },
    path::{List, ListPath},
};

body! {
    /// How long the list is to live.
    pub(crate) struct ActivateCouponListBody {
        expires_at: texts::LastDay,
    }
}

#[utoipa::path(
    put,
    path = "/v1/coupon-list/{coupon_list_id}/activate",
    operation_id = "activateCouponList",
    tag = "Coupon Lists",
    summary = "Activate Coupon List",
    description = "Makes the list active with a new expiry, whatever its state. Codes of before do not come back.",
    params(ListPath),
    request_body = ActivateCouponListBody,
    responses(
        (status = 204, description = "The list is active."),
        (
            status = 400,
            description = "`bad-request`, `missing-mandatory-attributes`, or `invalid-request` if the body is no JSON \
                object.",
            body = Envelope,
        ),
        Guarded,
        NamesList,
        ReadsBody,
    ),
)]
pub(crate) async fn activate(app: web::Data<App>, list: List, body: Body) -> Result<HttpResponse, ApiError> {
    let fields = body.object_or_empty(BODY_BYTES).await?;
    let ActivateCouponListBody { expires_at: field } = fields.lenient();
    let text = field.get().map_err(ApiError::into_bad)?;
    let expires_at = parse_expiry(&text, &app.zone).map_err(|error| field.wrong(error).into_bad())?;
    match app.storage.activate_list(&list.0, expires_at).await? {
        ActivateListOutcome::Activated => Ok(HttpResponse::NoContent().finish()),
        ActivateListOutcome::Expired => Err(field.wrong("must not have passed").into_bad()),
    }
}
