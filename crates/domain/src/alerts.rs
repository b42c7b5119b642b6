//! Which mails a list sends, and what a client may change of that.

use serde::{Deserialize, Serialize};

use crate::TextError;

/// Which mails a list sends. Stored as JSON; on the wire always shown whole, a number never given as 0.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AlertConditions {
    pub success_alert: bool,
    pub failure_alert: bool,
    pub expiry_alert: ExpiryAlert,
    pub coupon_shortage_alert: ShortageAlert,
}

/// Daily reminders that begin `days_before` days before the list expires.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ExpiryAlert {
    pub alert: bool,
    pub days_before: Option<i64>,
}

/// A mail when fewer than `threshold_count` codes are left.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ShortageAlert {
    pub alert: bool,
    pub threshold_count: Option<i64>,
}

/// What a client sends of the alert conditions: the keys it names change, the others stay. Serialized with the named
/// keys only, so that the database can merge it key by key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct AlertPatch {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success_alert: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_alert: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry_alert: Option<ExpiryAlertPatch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coupon_shortage_alert: Option<ShortageAlertPatch>,
}

/// The named keys of [`ExpiryAlert`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ExpiryAlertPatch {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_before: Option<i64>,
}

/// The named keys of [`ShortageAlert`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ShortageAlertPatch {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold_count: Option<i64>,
}

/// An alert was switched on without the number that says when; the sentence names the missing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is required when the alert is on")]
pub struct AlertNumberMissing(pub &'static str);

/// Ten years of daily reminders are a mistake, not a wish.
pub const MAX_DAYS_BEFORE: i64 = 3_650;

impl AlertConditions {
    /// The conditions of a new list.
    pub fn from_patch(patch: AlertPatch) -> Result<Self, AlertNumberMissing> {
        let expiry = patch.expiry_alert.unwrap_or_default();
        let shortage = patch.coupon_shortage_alert.unwrap_or_default();
        let conditions = Self {
            success_alert: patch.success_alert.unwrap_or_default(),
            failure_alert: patch.failure_alert.unwrap_or_default(),
            expiry_alert: ExpiryAlert {
                alert: expiry.alert.unwrap_or_default(),
                days_before: expiry.days_before,
            },
            coupon_shortage_alert: ShortageAlert {
                alert: shortage.alert.unwrap_or_default(),
                threshold_count: shortage.threshold_count,
            },
        };
        if conditions.expiry_alert.alert && conditions.expiry_alert.days_before.is_none() {
            return Err(AlertNumberMissing("days_before"));
        }
        if conditions.coupon_shortage_alert.alert
            && conditions.coupon_shortage_alert.threshold_count.is_none()
        {
            return Err(AlertNumberMissing("threshold_count"));
        }
        Ok(conditions)
    }
}

impl AlertPatch {
    /// Checks the numbers' ranges.
    pub fn checked(self) -> Result<Self, TextError> {
        let within = |number: Option<i64>, most| match number {
            Some(number) if !(0..=most).contains(&number) => Err(TextError::OutOfRange(0, most)),
            _ => Ok(()),
        };
        within(
            self.expiry_alert.as_ref().and_then(|alert| alert.days_before),
            MAX_DAYS_BEFORE,
        )?;
        within(
            self.coupon_shortage_alert
                .as_ref()
                .and_then(|alert| alert.threshold_count),
            crate::LIST_CODES,
        )?;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_that_is_on_needs_its_number() {
        let on = ShortageAlertPatch {
            alert: Some(true),
            threshold_count: None,
        };
        let patch = AlertPatch {
            coupon_shortage_alert: Some(on),
            ..AlertPatch::default()
        };
        assert_eq!(
            AlertConditions::from_patch(patch),
            Err(AlertNumberMissing("threshold_count"))
        );
        assert!(AlertConditions::from_patch(AlertPatch::default()).is_ok());
    }

    #[test]
    fn a_patch_is_written_with_the_named_keys_only() {
        let off = ExpiryAlertPatch {
            alert: Some(false),
            days_before: None,
        };
        let patch = AlertPatch {
            expiry_alert: Some(off),
            ..AlertPatch::default()
        };
        assert_eq!(
            serde_json::to_string(&patch).unwrap(),
            r#"{"expiry_alert":{"alert":false}}"#
        );
    }
}
