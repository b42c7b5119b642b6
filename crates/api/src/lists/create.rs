//! `POST /v1/coupon-list`

use actix_web::{HttpResponse, web};
use domain::{AlertConditions, FreeText, Label, ListName, instant_without_zone, parse_expiry};
use serde::Serialize;
use storage::{CreateList, NewList};

use super::{alerts, shown::ShownAlerts};
use crate::{
    App,
    authentication::Workspace,
    body::{Body, CONTRACT_BYTES},
    error::ApiError,
    fields::{Fields, wrong},
};

pub(crate) async fn create(
    app: web::Data<App>,
    workspace: Workspace,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    let list = new_list(body.object(CONTRACT_BYTES).await?, &app)?;
    match app.storage.create_list(&workspace.0, &list).await? {
        CreateList::Created(id) => Ok(HttpResponse::Created().json(CreatedList::new(&list, id.to_string()))),
        CreateList::DuplicateName => Err(ApiError::DuplicateName),
        CreateList::DuplicateLabel => Err(ApiError::DuplicateLabel),
        CreateList::Expired => Err(wrong("expires_at", "must not have passed")),
    }
}

fn new_list(mut fields: Fields, app: &App) -> Result<NewList, ApiError> {
    const MISSING: ApiError = ApiError::MissingKey(None);
    let name = fields.parsed("name", ListName::new)?.ok_or(MISSING)?;
    let label = fields.parsed("label", Label::new)?.ok_or(MISSING)?;
    let expires_at = fields.text("expires_at")?.ok_or(MISSING)?;
    let created_by = fields.parsed("created_by", FreeText::not_blank)?.ok_or(MISSING)?;
    let alerts = alerts::alert_patch(&mut fields)?.unwrap_or_default();
    Ok(NewList {
        name,
        label,
        expires_at: parse_expiry(&expires_at, &app.zone).map_err(|error| wrong("expires_at", error))?,
        created_by,
        subscribers: alerts::subscribers(&mut fields, &app.mail_domains)?.unwrap_or_default(),
        alerts: AlertConditions::from_patch(alerts).map_err(|_| MISSING)?,
    })
}

/// The documented answer: eight keys, and the one timestamp form without a zone.
#[derive(Serialize)]
struct CreatedList<'a> {
    name: &'a str,
    label: &'a str,
    expires_at: String,
    created_by: &'a str,
    email_alert_subscribers: &'a [String],
    alert_conditions: ShownAlerts,
    status: &'static str,
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
            status: "ACTIVE",
            _id: id,
        }
    }
}
