//! A list as the API shows it; the order of the keys is the documented examples'.

use domain::{AlertConditions, instant_with_zone, personalization_snippet};
use serde::Serialize;
use storage::CouponList;

/// The alert conditions, always whole.
#[derive(Serialize)]
#[allow(clippy::struct_field_names, reason = "the names are the wire's")]
pub(super) struct ShownAlerts {
    success_alert: bool,
    failure_alert: bool,
    expiry_alert: ShownExpiryAlert,
    coupon_shortage_alert: ShownShortageAlert,
}

#[derive(Serialize)]
struct ShownExpiryAlert {
    alert: bool,
    days_before: i64,
}

#[derive(Serialize)]
struct ShownShortageAlert {
    alert: bool,
    threshold_count: i64,
}

impl From<&AlertConditions> for ShownAlerts {
    fn from(alerts: &AlertConditions) -> Self {
        Self {
            success_alert: alerts.success_alert,
            failure_alert: alerts.failure_alert,
            expiry_alert: ShownExpiryAlert {
                alert: alerts.expiry_alert.alert,
                days_before: alerts.expiry_alert.days_before.unwrap_or_default(),
            },
            coupon_shortage_alert: ShownShortageAlert {
                alert: alerts.coupon_shortage_alert.alert,
                threshold_count: alerts.coupon_shortage_alert.threshold_count.unwrap_or_default(),
            },
        }
    }
}

/// A list as it is read. The answer to an update is the same without the snippet.
#[derive(Serialize)]
pub(super) struct ShownList {
    name: String,
    label: String,
    expires_at: String,
    status: &'static str,
    total_coupons: i64,
    created_at: String,
    updated_at: String,
    email_alert_subscribers: Vec<String>,
    alert_conditions: ShownAlerts,
    available_coupons: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    personalization_snippet: Option<String>,
    created_by: String,
    _id: String,
}

impl ShownList {
    pub(super) fn new(list: CouponList) -> Self {
        let snippet = personalization_snippet(&list.label);
        Self {
            personalization_snippet: Some(snippet),
            ..Self::without_snippet(list)
        }
    }

    pub(super) fn without_snippet(list: CouponList) -> Self {
        Self {
            alert_conditions: (&list.alerts).into(),
            expires_at: instant_with_zone(list.expires_at),
            status: list.status.as_str(),
            total_coupons: list.total,
            created_at: instant_with_zone(list.created_at),
            updated_at: instant_with_zone(list.updated_at),
            email_alert_subscribers: list.subscribers,
            available_coupons: list.available,
            personalization_snippet: None,
            created_by: list.created_by,
            _id: list.public_id.to_string(),
            name: list.name,
            label: list.label,
        }
    }
}
