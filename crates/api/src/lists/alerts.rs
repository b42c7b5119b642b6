//! What a request says of a list's alerts and their recipients.

use domain::{AlertPatch, ExpiryAlertPatch, MailDomains, ShortageAlertPatch, Subscribers};

use crate::{
    error::ApiError,
    fields::{Field, Fields, body},
    openapi::texts,
    recipients::refuse_outside,
};

pub(super) fn subscribers(
    field: &Field<Option<Vec<texts::EmailAddress>>>,
    domains: &MailDomains,
) -> Result<Option<Subscribers>, ApiError> {
    let addresses = field.get()?;
    if let Some(addresses) = &addresses {
        refuse_outside(field, addresses, domains)?;
    }
    Ok(addresses)
}

body! {
    /// Which mails the list sends. What is not named is off in a new list, and stays in an update.
    #[allow(clippy::struct_field_names, reason = "the names are the wire's")]
    pub(super) struct AlertConditionsBody {
        /// When a file was loaded.
        success_alert: Option<bool>,
        /// When a file failed.
        failure_alert: Option<bool>,
        expiry_alert: Option<ExpiryAlertBody>,
        coupon_shortage_alert: Option<CouponShortageAlertBody>,
    }
}

body! {
    /// Daily reminders before the expiry.
    pub(super) struct ExpiryAlertBody {
        alert: Option<bool>,
        /// How many days before. Required where the alert is on.
        #[schema(minimum = 0, maximum = 3_650)]
        days_before: Option<i64>,
    }
}

body! {
    /// A mail when few codes are left.
    pub(super) struct CouponShortageAlertBody {
        alert: Option<bool>,
        /// Fewer than how many. Required where the alert is on.
        #[schema(minimum = 0, maximum = 100_000_000)]
        threshold_count: Option<i64>,
    }
}

pub(super) fn alert_patch(
    field: &Field<Option<AlertConditionsBody>>,
) -> Result<Option<AlertPatch>, ApiError> {
    let Some(alerts) = field.get()? else {
        return Ok(None);
    };
    let alerts: AlertConditionsBody = alerts.lenient();
    let patch = AlertPatch {
        success_alert: alerts.success_alert.get()?,
        failure_alert: alerts.failure_alert.get()?,
        expiry_alert: alerts
            .expiry_alert
            .get()?
            .map(|fields| expiry_patch(&fields))
            .transpose()?,
        coupon_shortage_alert: alerts
            .coupon_shortage_alert
            .get()?
            .map(|fields| shortage_patch(&fields))
            .transpose()?,
    };
    patch.checked().map(Some).map_err(|error| field.wrong(error))
}

fn expiry_patch(fields: &Fields) -> Result<ExpiryAlertPatch, ApiError> {
    let alert: ExpiryAlertBody = fields.lenient();
    Ok(ExpiryAlertPatch {
        alert: alert.alert.get()?,
        days_before: alert.days_before.get()?,
    })
}

fn shortage_patch(fields: &Fields) -> Result<ShortageAlertPatch, ApiError> {
    let alert: CouponShortageAlertBody = fields.lenient();
    Ok(ShortageAlertPatch {
        alert: alert.alert.get()?,
        threshold_count: alert.threshold_count.get()?,
    })
}
