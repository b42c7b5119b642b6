//! `POST /v1/coupon-list`

use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use domain::{AlertConditions, instant_without_zone, parse_expiry};
use serde::Serialize;
use storage::{CreateList, CreateListRefusal, NewList};
use utoipa::ToSchema;

use super::{
    alerts,
    shown::{ListStatus, ShownAlerts},
};
use crate::{
    App,
    audit::Made,
    authentication::Workspace,
    body::{BODY_BYTES, Body},
    error::{ApiError, Envelope},
    fields::body,
    idempotency::{OnceParameters, idempotency_key, key_reused},
    openapi::{
        refusals::{Guarded, ReadsBody},
        texts,
    },
};

body! {
    /// A new list.
    #[schema(examples(json!({
        "name": "Spring", "label": "spring", "expires_at": "2099-12-31", "created_by": "me",
        "email_alert_subscribers": ["jane@example.com"],
        "alert_conditions": {"success_alert": true, "coupon_shortage_alert": {"alert": true, "threshold_count": 100}},
    })))]
    pub(crate) struct CreateCouponListBody {
        /// Unique in the workspace.
        name: texts::Name,
        /// Unique in the workspace. The key of the personalization snippet: it never changes.
        label: texts::Label,
        expires_at: texts::LastDay,
        /// Who made the list.
        created_by: texts::Name,
        /// Who gets the list's mails.
        #[schema(max_items = 50)]
        email_alert_subscribers: Option<Vec<texts::EmailAddress>>,
        alert_conditions: Option<alerts::AlertConditionsBody>,
    }
}

#[utoipa::path(
    post,
    path = "/v1/coupon-list",
    operation_id = "createCouponList",
    tag = "Coupon Lists",
    summary = "Create a Coupon List",
    description = "Makes a list without codes. It is active at once; files bring the codes.",
    params(OnceParameters),
    request_body = CreateCouponListBody,
    responses(
        (status = 201, description = "The new list.", body = CreatedList<'_>),
        (
            status = 400,
            description = "`invalid-request`, `missing-mandatory-attributes`, `duplicate-coupon-list-name` or \
                `duplicate-coupon-list-label`.",
            body = Envelope,
        ),
        Guarded,
        ReadsBody,
    ),
)]
pub(crate) async fn create(
    app: web::Data<App>,
    workspace: Workspace,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    let fields = body.object(BODY_BYTES).await?;
    let once = idempotency_key(&request, &fields)?;
    let asked: CreateCouponListBody = fields.lenient();
    let list = new_list(&asked, &app).map_err(ApiError::without_key)?;
    let created = app
        .storage
        .create_list(&workspace.0, &list, once.as_ref(), app.most_lists);
    match created.await? {
        CreateList::Created(id) => {
            request.extensions_mut().insert(Made(id));
            Ok(HttpResponse::Created().json(CreatedList::new(&list, id.to_string())))
        }
        CreateList::Refused(why) => Err(match why {
            CreateListRefusal::DuplicateName => ApiError::DuplicateName,
            CreateListRefusal::DuplicateLabel => ApiError::DuplicateLabel,
            CreateListRefusal::TooMany => ApiError::TooManyLists,
            CreateListRefusal::KeyReused => key_reused(),
            CreateListRefusal::Expired => asked.expires_at.wrong("must not have passed"),
        }),
    }
}

fn new_list(body: &CreateCouponListBody, app: &App) -> Result<NewList, ApiError> {
    let name = body.name.get()?;
    let label = body.label.get()?;
    let expires_at = body.expires_at.get()?;
    let created_by = body.created_by.get()?;
    let alerts = alerts::alert_patch(&body.alert_conditions)?.unwrap_or_default();
    Ok(NewList {
        name,
        label,
        expires_at: parse_expiry(&expires_at, &app.zone).map_err(|error| body.expires_at.wrong(error))?,
        created_by,
        subscribers: alerts::subscribers(&body.email_alert_subscribers, &app.mail_domains)?
            .unwrap_or_default(),
        alerts: AlertConditions::from_patch(alerts)
            .map_err(|missing| ApiError::MissingKey(Some(missing.0)))?,
    })
}

/// A list just made: the documented eight keys, and the one timestamp form without a zone.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedCouponList)]
struct CreatedList<'a> {
    #[schema(value_type = texts::Name)]
    name: &'a str,
    #[schema(value_type = texts::Label)]
    label: &'a str,
    #[schema(value_type = texts::InstantWithoutZone)]
    expires_at: String,
    #[schema(value_type = texts::Name)]
    created_by: &'a str,
    #[schema(value_type = Vec<texts::EmailAddress>, max_items = 50)]
    email_alert_subscribers: &'a [String],
    alert_conditions: ShownAlerts,
    status: ListStatus,
    #[schema(value_type = texts::Id)]
    _id: String,
}

impl<'a> CreatedList<'a> {
    fn new(list: &'a NewList, id: String) -> Self {
        Self {
            name: list.name.as_str(),
            label: list.label.as_str(),
            expires_at: instant_without_zone(list.expires_at),
            created_by: list.created_by.as_str(),
            email_alert_subscribers: list.subscribers.as_slice(),
            alert_conditions: (&list.alerts).into(),
            status: ListStatus::Active,
            _id: id,
        }
    }
}
