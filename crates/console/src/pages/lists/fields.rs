//! What a list's form asks for, read as the API reads its body.

use domain::{AlertPatch, ExpiryAlertPatch, MailDomains, ShortageAlertPatch, Subscribers};
use jiff::tz::TimeZone;
use storage::CouponList;

use crate::form::Form;

/// The fields as they stand in the form.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "a box of the form each")]
pub(super) struct Fields {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) expires: String,
    pub(super) subscribers: String,
    pub(super) success: bool,
    pub(super) failure: bool,
    pub(super) expiry: bool,
    pub(super) days_before: String,
    pub(super) shortage: bool,
    pub(super) threshold: String,
}

impl Fields {
    pub(super) fn said(form: &Form) -> Self {
        let text = |name| form.text(name).to_owned();
        Self {
            name: text("name"),
            label: text("label"),
            expires: text("expires"),
            subscribers: text("subscribers"),
            success: form.has("success"),
            failure: form.has("failure"),
            expiry: form.has("expiry"),
            days_before: text("days_before"),
            shortage: form.has("shortage"),
            threshold: text("threshold"),
        }
    }

    pub(super) fn of(list: &CouponList, zone: &TimeZone) -> Self {
        let alerts = &list.alerts;
        let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
        Self {
            name: list.name.clone(),
            label: list.label.clone(),
            expires: list
                .expires_at
                .to_zoned(zone.clone())
                .strftime("%Y-%m-%d")
                .to_string(),
            subscribers: list.subscribers.join("\n"),
            success: alerts.success_alert,
            failure: alerts.failure_alert,
            expiry: alerts.expiry_alert.alert,
            days_before: number(alerts.expiry_alert.days_before),
            shortage: alerts.coupon_shortage_alert.alert,
            threshold: number(alerts.coupon_shortage_alert.threshold_count),
        }
    }

    /// Addresses, a line each or parted by commas.
    pub(super) fn subscribers(&self, domains: &MailDomains) -> Result<Subscribers, String> {
        let addresses = self.subscribers.split([',', '\n']).map(str::trim);
        let addresses = addresses.filter(|address| !address.is_empty()).map(str::to_owned);
        let subscribers =
            Subscribers::new(addresses.collect()).map_err(|error| format!("The mail recipients {error}."))?;
        match domains.first_outside(&subscribers) {
            Some(address) => Err(format!(
                "This server may not mail to {address}: its operator allows other domains only."
            )),
            None => Ok(subscribers),
        }
    }

    pub(super) fn alerts(&self) -> Result<AlertPatch, String> {
        let number = |text: &str, what: &str| match text {
            "" => Ok(None),
            text => text
                .parse()
                .map(Some)
                .map_err(|_| format!("{what} must be a whole number.")),
        };
        let days_before = number(&self.days_before, "The days before the expiry")?;
        let threshold_count = number(&self.threshold, "The number of codes")?;
        if self.expiry && days_before.is_none() {
            return Err("Say how many days before the expiry reminders begin.".to_owned());
        }
        if self.shortage && threshold_count.is_none() {
            return Err("Say below how many codes a mail is sent.".to_owned());
        }
        let patch = AlertPatch {
            success_alert: Some(self.success),
            failure_alert: Some(self.failure),
            expiry_alert: Some(ExpiryAlertPatch {
                alert: Some(self.expiry),
                days_before,
            }),
            coupon_shortage_alert: Some(ShortageAlertPatch {
                alert: Some(self.shortage),
                threshold_count,
            }),
        };
        patch
            .checked()
            .map_err(|error| format!("A number of the alerts {error}."))
    }
}
