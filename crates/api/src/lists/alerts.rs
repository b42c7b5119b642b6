//! What a request says of a list's alerts and their recipients.

use domain::{AlertPatch, ExpiryAlertPatch, MailDomains, ShortageAlertPatch, Subscribers};

use crate::{
    error::ApiError,
    fields::{Fields, wrong},
    recipients::recipients,
};

pub(super) fn subscribers(
    fields: &mut Fields,
    domains: &MailDomains,
) -> Result<Option<Subscribers>, ApiError> {
    recipients(fields, "email_alert_subscribers", domains)
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
