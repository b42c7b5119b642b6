//! A list as the API shows it; the order of the keys is the documented examples'.

use domain::{AlertConditions, instant_with_zone, personalization_snippet};
use serde::Serialize;
use storage::CouponList;
use utoipa::ToSchema;

use crate::{openapi::texts, words::words};

words! {
    /// The states of a list.
    #[serde(rename_all = "UPPERCASE")]
    pub(super) enum ListStatus of domain::ListStatus {
        Active,
        Archived,
        Expired,
    }
}

/// Which mails a list sends. Always whole; a number that was never given is 0.
#[derive(Serialize, ToSchema)]
#[schema(as = AlertConditions)]
#[allow(clippy::struct_field_names, reason = "the names are the wire's")]
pub(super) struct ShownAlerts {
    success_alert: bool,
    failure_alert: bool,
    expiry_alert: ShownExpiryAlert,
    coupon_shortage_alert: ShownShortageAlert,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ExpiryAlert)]
struct ShownExpiryAlert {
    alert: bool,
    /// Daily reminders begin that many days before the expiry.
    #[schema(minimum = 0, maximum = 3_650)]
    days_before: i64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = CouponShortageAlert)]
struct ShownShortageAlert {
    alert: bool,
    /// A mail goes out when fewer codes than this are left.
    #[schema(minimum = 0, maximum = 100_000_000)]
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
#[derive(Serialize, ToSchema)]
#[schema(as = CouponList)]
pub(super) struct ShownList {
    #[schema(value_type = texts::Name)]
    name: String,
    #[schema(value_type = texts::Label)]
    label: String,
    #[schema(value_type = texts::Instant)]
    expires_at: String,
    status: ListStatus,
    /// The codes handed out and those left.
    #[schema(minimum = 0)]
    total_coupons: i64,
    #[schema(value_type = texts::Instant)]
    created_at: String,
    #[schema(value_type = texts::Instant)]
    updated_at: String,
    #[schema(value_type = Vec<texts::EmailAddress>, max_items = 50)]
    email_alert_subscribers: Vec<String>,
    alert_conditions: ShownAlerts,
    /// The codes that may be handed out now.
    #[schema(minimum = 0)]
    available_coupons: i64,
    /// What a template names the list by. Not in the answer to an update.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, examples("{{Coupons.CouponListName[spring]}}"))]
    personalization_snippet: Option<String>,
    created_by: String,
    #[schema(value_type = texts::Id)]
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
            status: list.status.into(),
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
