//! A coupon list: its names, its states, its alerts.

use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use email_address::{EmailAddress, Options};

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
            // A recipient is the bare address.
            let plain = Options::default().without_display_text();
            let parsed =
                EmailAddress::parse_with_options(&address, plain).map_err(|_| TextError::NotAnAddress)?;
            let domain = parsed.domain();
            if parsed.email() != address
                || address.chars().any(char::is_control)
                || (domain.starts_with('[') && !is_host_by_number(domain))
            {
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

/// `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321). The parser takes nearly any text in the brackets.
fn is_host_by_number(domain: &str) -> bool {
    let within = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    within.is_some_and(|number| match number.strip_prefix("IPv6:") {
        Some(number) => number.parse::<Ipv6Addr>().is_ok(),
        None => number.parse::<Ipv4Addr>().is_ok(),
    })
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
            "a@[127.0.0.1> x]",
            "a@[IPv6:x]",
            "a@[host]",
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
    fn a_status_has_one_spelling() {
        assert_eq!("ACTIVE".parse(), Ok(ListStatus::Active));
        assert_eq!("active".parse::<ListStatus>(), Err(NotAListStatus));
    }
}
