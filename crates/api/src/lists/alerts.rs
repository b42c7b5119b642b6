//! What a request says of a list's alerts and their recipients.

use domain::{AlertPatch, ExpiryAlertPatch, MailDomains, ShortageAlertPatch, Subscribers};
use utoipa::ToSchema;

use crate::{
    error::ApiError,
    fields::{Fields, wrong},
    recipients::recipients,
};

pub(super) fn subscribers(fields: &Fields, domains: &MailDomains) -> Result<Option<Subscribers>, ApiError> {
    recipients(fields, "email_alert_subscribers", domains)
}

/// Which mails the list sends. What is not named is off in a new list, and stays in an update.
#[derive(ToSchema)]
#[expect(dead_code, reason = "what `alert_patch` reads, for the document")]
#[allow(clippy::struct_field_names, reason = "the names are the wire's")]
pub(super) struct AlertConditionsBody {
    /// When a file was loaded.
    success_alert: Option<bool>,
    /// When a file failed.
    failure_alert: Option<bool>,
    expiry_alert: Option<ExpiryAlertBody>,
    coupon_shortage_alert: Option<CouponShortageAlertBody>,
}

/// Daily reminders before the expiry.
#[derive(ToSchema)]
#[expect(dead_code, reason = "what `alert_patch` reads, for the document")]
pub(super) struct ExpiryAlertBody {
    alert: Option<bool>,
    /// How many days before. Required where the alert is on.
    #[schema(minimum = 0, maximum = 3_650)]
    days_before: Option<i64>,
}

/// A mail when few codes are left.
#[derive(ToSchema)]
#[expect(dead_code, reason = "what `alert_patch` reads, for the document")]
pub(super) struct CouponShortageAlertBody {
    alert: Option<bool>,
    /// Fewer than how many. Required where the alert is on.
    #[schema(minimum = 0, maximum = 100_000_000)]
    threshold_count: Option<i64>,
}

pub(super) fn alert_patch(fields: &Fields) -> Result<Option<AlertPatch>, ApiError> {
    const KEY: &str = "alert_conditions";
    let Some(alerts) = fields.object(KEY)? else {
        return Ok(None);
    };
    let expiry = |alert: Fields| {
        Ok::<_, ApiError>(ExpiryAlertPatch {
            alert: alert.boolean("alert")?,
            days_before: alert.integer("days_before")?,
        })
    };
    let shortage = |alert: Fields| {
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
