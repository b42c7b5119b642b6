//! Where mails may go.

use std::str::FromStr;

use crate::Subscribers;

/// The domains that alerts and reports may be mailed to; none named is any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MailDomains(Vec<String>);

impl MailDomains {
    /// The first address that is of no permitted domain.
    pub fn first_outside<'a>(&self, subscribers: &'a Subscribers) -> Option<&'a str> {
        let is_inside = |address: &str| {
            let domain = address.rsplit_once('@').and_then(|(_, domain)| ascii(domain));
            domain.is_some_and(|domain| self.0.contains(&domain))
        };
        let mut addresses = subscribers.as_slice().iter().map(String::as_str);
        addresses.find(|address| !self.0.is_empty() && !is_inside(address))
    }
}

/// The text is no list of domains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be domains such as example.com, comma-separated")]
pub struct NotDomains;

impl FromStr for MailDomains {
    type Err = NotDomains;

    fn from_str(text: &str) -> Result<Self, NotDomains> {
        let domains = text.split(',').map(str::trim).filter(|domain| !domain.is_empty());
        domains
            .map(|domain| {
                ascii(domain)
                    .filter(|domain| domain.contains('.'))
                    .ok_or(NotDomains)
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// A domain in its one spelling: lower case, letters beyond ASCII encoded (IDNA).
fn ascii(domain: &str) -> Option<String> {
    match url::Host::parse(domain) {
        Ok(url::Host::Domain(domain)) => Some(domain),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscribers(address: &str) -> Subscribers {
        Subscribers::new(vec![address.to_owned()]).unwrap()
    }

    #[test]
    fn an_address_of_another_domain_is_outside() {
        let domains: MailDomains = "example.com, Example.org".parse().unwrap();
        for inside in ["a@example.com", "a@EXAMPLE.ORG"] {
            assert_eq!(domains.first_outside(&subscribers(inside)), None);
        }
        for outside in ["a@sub.example.com", "a@example.net", "a@notexample.com"] {
            assert_eq!(domains.first_outside(&subscribers(outside)), Some(outside));
        }
        assert_eq!(
            MailDomains::default().first_outside(&subscribers("a@any.where")),
            None
        );
        let german: MailDomains = "münchen.example".parse().unwrap();
        for inside in [
            "a@münchen.example",
            "a@MÜNCHEN.example",
            "a@xn--mnchen-3ya.example",
        ] {
            assert_eq!(german.first_outside(&subscribers(inside)), None, "{inside}");
        }
        assert!("@example.com".parse::<MailDomains>().is_err());
    }
}
