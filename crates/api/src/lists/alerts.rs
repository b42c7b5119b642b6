//! What a request says of a list's alerts and their recipients.

use domain::{AlertPatch, ExpiryAlertPatch, ShortageAlertPatch, Subscribers};

use crate::{
    error::ApiError,
    fields::{Fields, wrong},
};

pub(super) fn subscribers(fields: &mut Fields) -> Result<Option<Subscribers>, ApiError> {
    const KEY: &str = "email_alert_subscribers";
    fields
        .texts(KEY)?
        .map(|addresses| Subscribers::new(addresses).map_err(|error| wrong(KEY, error)))
        .transpose()
}

pub(super) fn alert_patch(fields: &mut Fields) -> Result<Option<AlertPatch>, ApiError> {
    const KEY: &str = "alert_conditions";
    let Some(mut alerts) = fields.object(KEY)? else {
        return Ok(None);
    };
    let expiry = |mut alert: Fields| {
        Ok::<_, ApiError>(ExpiryAlertPatch {
            alert: alert.boolean("alert")?,
            days_before: alert.integer("days_before")?,
        })
    };
    let shortage = |mut alert: Fields| {
        Ok::<_, ApiError>(ShortageAlertPatch {
            alert: alert.boolean("alert")?,
            threshold_count: alert.integer("threshold_count")?,
        })
    };
    let patch = AlertPatch {
        success_alert: alerts.boolean("success_alert")?,
        failure_alert: alerts.boolean("failure_alert")?,
        expiry_alert: alerts.object("expiry_alert")?.map(expiry).transpose()?,
        coupon_shortage_alert: alerts
            .object("coupon_shortage_alert")?
            .map(shortage)
            .transpose()?,
    };
    patch.checked().map(Some).map_err(|error| wrong(KEY, error))
}
