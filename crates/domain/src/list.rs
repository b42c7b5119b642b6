//! A coupon list: its names, its states, its alerts.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{TextError, text::check_name};

/// The states of a list, spelled as on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListStatus {
    Active,
    Archived,
    Expired,
}

impl ListStatus {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Archived => "ARCHIVED",
            Self::Expired => "EXPIRED",
        }
    }
}

impl fmt::Display for ListStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no list status; upper case is part of the spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be ACTIVE, ARCHIVED or EXPIRED")]
pub struct NotAListStatus;

impl FromStr for ListStatus {
    type Err = NotAListStatus;

    fn from_str(text: &str) -> Result<Self, NotAListStatus> {
        match text {
            "ACTIVE" => Ok(Self::Active),
            "ARCHIVED" => Ok(Self::Archived),
            "EXPIRED" => Ok(Self::Expired),
            _ => Err(NotAListStatus),
        }
    }
}

/// A list's display name: unique in its workspace, may be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListName(String);

impl ListName {
    pub fn new(text: impl Into<String>) -> Result<Self, TextError> {
        let text = text.into();
        check_name(&text)?;
        Ok(Self(text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The key of the personalization snippet: unique in its workspace, never changed. The characters that would end
/// the snippet early are refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label(String);

impl Label {
    pub fn new(text: impl Into<String>) -> Result<Self, TextError> {
        let text = text.into();
        check_name(&text)?;
        match text.chars().find(|c| matches!(c, '\'' | '[' | ']' | '{' | '}')) {
            Some(bad) => Err(TextError::Forbidden(bad)),
            None => Ok(Self(text)),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a template names the list by, byte for byte as the MoEngage API shows it (without quotes).
pub fn personalization_snippet(label: &str) -> String {
    format!("{{{{Coupons.CouponListName[{label}]}}}}")
}

/// The most alert recipients of one list.
pub const MAX_SUBSCRIBERS: usize = 50;

/// The addresses that get a list's alerts; each once, in the order given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subscribers(Vec<String>);

impl Subscribers {
    pub fn new(addresses: Vec<String>) -> Result<Self, TextError> {
        let mut kept: Vec<String> = Vec::with_capacity(addresses.len().min(MAX_SUBSCRIBERS));
        for address in addresses {
            // The parser also takes `Jane <jane@example.com>`; a recipient here is the bare address.
            let parsed = address
                .parse::<email_address::EmailAddress>()
                .map_err(|_| TextError::NotAnAddress)?;
            if parsed.email() != address || address.chars().any(char::is_control) {
                return Err(TextError::NotAnAddress);
            }
            if !kept.contains(&address) {
                kept.push(address);
            }
            if kept.len() > MAX_SUBSCRIBERS {
                return Err(TextError::TooManyAddresses);
            }
        }
        Ok(Self(kept))
    }

    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

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
    fn the_snippet_is_the_documented_literal() {
        assert_eq!(
            personalization_snippet("signup_coupons"),
            "{{Coupons.CouponListName[signup_coupons]}}"
        );
    }

    #[test]
    fn a_label_cannot_end_the_snippet() {
        for label in ["a]", "a}}", "a'b", "a[", "{"] {
            assert!(
                matches!(Label::new(label), Err(TextError::Forbidden(_))),
                "{label}"
            );
        }
        assert!(Label::new("Sample Label").is_ok());
    }

    #[test]
    fn subscribers_are_bare_addresses_each_once() {
        let of = |list: &[&str]| Subscribers::new(list.iter().map(ToString::to_string).collect());
        for bad in [
            "x",
            "a@b.de\r\nBcc: c@d.de",
            "a@b.de,c@d.de",
            "<a@b.de>",
            "Jane <a@b.de>",
            "a@b\0.de",
            "",
        ] {
            assert_eq!(of(&[bad]), Err(TextError::NotAnAddress), "{bad:?}");
        }
        assert_eq!(
            of(&["a@b.de", "A+x@b.de", "a@b.de"]).unwrap().as_slice(),
            ["a@b.de", "A+x@b.de"]
        );
        let many: Vec<String> = (0..51).map(|n| format!("a{n}@b.de")).collect();
        assert_eq!(Subscribers::new(many), Err(TextError::TooManyAddresses));
    }

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

    #[test]
    fn a_status_has_one_spelling() {
        assert_eq!("ACTIVE".parse(), Ok(ListStatus::Active));
        assert_eq!("active".parse::<ListStatus>(), Err(NotAListStatus));
    }
}
