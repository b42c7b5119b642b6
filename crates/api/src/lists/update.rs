//! `PATCH /v1/coupon-list/{coupon_list_id}`

use actix_web::{HttpResponse, web};
use domain::parse_expiry;
use storage::{ListChange, UpdateListOutcome};

use super::{alerts, shown::ShownList};
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
    /// What is to change of a list; what is not named stays.
    #[schema(examples(json!({"name": "Summer", "alert_conditions": {"failure_alert": true}})))]
    pub(crate) struct UpdateCouponListBody {
        /// Unique in the workspace.
        name: Option<texts::Name>,
        expires_at: Option<texts::LastDay>,
        /// Replaces all addresses.
        #[schema(max_items = 50)]
        email_alert_subscribers: Option<Vec<texts::EmailAddress>>,
        alert_conditions: Option<alerts::AlertConditionsBody>,
    }
}

#[utoipa::path(
    patch,
    path = "/v1/coupon-list/{coupon_list_id}",
    operation_id = "updateCouponList",
    tag = "Coupon Lists",
    summary = "Update a Coupon List",
    description = "A change brings an archived or expired list back if its expiry, after the change, is still to \
        come; else nothing is changed. The label never changes. `{}` changes nothing.",
    params(ListPath),
    request_body = UpdateCouponListBody,
    responses(
        (status = 200, description = "The list after the change, without the snippet.", body = ShownList),
        (
            status = 400,
            description = "`invalid-request`, `missing-mandatory-attributes` or `duplicate-coupon-list-name`.",
            body = Envelope,
        ),
        Guarded,
        NamesList,
        ReadsBody,
    ),
)]
pub(crate) async fn update(app: web::Data<App>, list: List, body: Body) -> Result<HttpResponse, ApiError> {
    let fields = body.object(BODY_BYTES).await?;
    let asked: UpdateCouponListBody = fields.lenient();
    let change = change(&asked, &app)?;
    match app.storage.update_list(&list.0, &change).await? {
        UpdateListOutcome::Updated => {
            let list = app.storage.list(&list.0).await?;
            Ok(HttpResponse::Ok().json(ShownList::without_snippet(list)))
        }
        UpdateListOutcome::DuplicateName => Err(ApiError::DuplicateName),
        UpdateListOutcome::Expired => Err(asked.expires_at.wrong("must not have passed")),
        UpdateListOutcome::DaysBeforeMissing => Err(ApiError::MissingKey(Some("days_before"))),
        UpdateListOutcome::ThresholdCountMissing => Err(ApiError::MissingKey(Some("threshold_count"))),
    }
}

/// `label` and `created_by` never change, so they are ignored like any unknown key.
fn change(body: &UpdateCouponListBody, app: &App) -> Result<ListChange, ApiError> {
    let expires_at = body.expires_at.get()?;
    Ok(ListChange {
        name: body.name.get()?,
        expires_at: expires_at
            .map(|text| parse_expiry(&text, &app.zone).map_err(|error| body.expires_at.wrong(error)))
            .transpose()?,
        subscribers: alerts::subscribers(&body.email_alert_subscribers, &app.mail_domains)?,
        alerts: alerts::alert_patch(&body.alert_conditions)?,
    })
}
