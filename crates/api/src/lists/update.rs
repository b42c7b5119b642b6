//! `PATCH /v1/coupon-list/{coupon_list_id}`

use actix_web::{HttpResponse, web};
use domain::{ListName, parse_expiry};
use storage::{ListChange, UpdateList};

use super::{alerts, shown::ShownList};
use crate::{
    App,
    body::{Body, CONTRACT_BYTES},
    error::ApiError,
    fields::{Fields, wrong},
    path::List,
};

pub(crate) async fn update(app: web::Data<App>, list: List, body: Body) -> Result<HttpResponse, ApiError> {
    let change = change(body.object(CONTRACT_BYTES).await?, &app)?;
    match app.storage.update_list(&list.0, &change).await? {
        UpdateList::Updated => {
            let list = app.storage.list(&list.0).await?;
            Ok(HttpResponse::Ok().json(ShownList::without_snippet(list)))
        }
        UpdateList::DuplicateName => Err(ApiError::DuplicateName),
        UpdateList::Expired => Err(wrong("expires_at", "must not have passed")),
        UpdateList::AlertNumberMissing(key) => Err(ApiError::MissingKey(Some(key))),
    }
}

/// `label` and `created_by` never change, so they are ignored like any unknown key.
fn change(mut fields: Fields, app: &App) -> Result<ListChange, ApiError> {
    let expires_at = fields.text("expires_at")?;
    Ok(ListChange {
        name: fields.parsed("name", ListName::new)?,
        expires_at: expires_at
            .map(|text| parse_expiry(&text, &app.zone).map_err(|error| wrong("expires_at", error)))
            .transpose()?,
        subscribers: alerts::subscribers(&mut fields, &app.mail_domains)?,
        alerts: alerts::alert_patch(&mut fields)?,
    })
}
