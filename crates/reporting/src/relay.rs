//! The mail relay that the operator named.

use std::str::FromStr as _;

use lettre::{
    Address,
    message::Mailbox,
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
    },
};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

/// A relay and who the mails come from.
#[derive(Clone)]
pub struct Relay {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: Tls,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) from: Mailbox,
}

/// What is wrong with the settings; never quotes the URL, which holds a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RelayError {
    #[error(
        "must look like smtp://user:password@mail.example.com:587 or smtps://user:password@mail.example.com"
    )]
    Url,
    #[error(
        "has a user name or password with a character that must be percent-encoded: @ as %40, / as %2F, : as %3A, ? as %3F, \
         # as %23, % as %25"
    )]
    Encoding,
    #[error("may end with ?tls=required, ?tls=opportunistic or ?tls=none (smtp:// only) and nothing else")]
    Parameter,
    #[error("names a host that no TLS certificate can be for")]
    Tls,
    #[error("must be an address such as coupons@example.com or Coupons <coupons@example.com>")]
    From,
}

impl Relay {
    /// `smtps://` speaks TLS from the start (port 465). `smtp://` (port 587 with a password, else 25) goes over to TLS:
    /// by default where the relay offers it, and always where a password would be sent; `?tls=…` says otherwise.
    pub fn new(url: &SecretString, from: &str) -> Result<Self, RelayError> {
        let from = Mailbox::from_str(from).map_err(|_| RelayError::From)?;
        if must_be_encoded(url.expose_secret()) {
            return Err(RelayError::Encoding);
        }
        let url = Url::parse(url.expose_secret()).map_err(|_| RelayError::Url)?;
        // A literal IPv6 address stands in brackets in a URL only.
        let host = url
            .host_str()
            .map(|host| host.trim_matches(['[', ']']))
            .filter(|host| !host.is_empty())
            .ok_or(RelayError::Url)?;
        let credentials = credentials(&url)?;
        let (tls, port) = match (url.scheme(), tls_parameter(&url)?.as_deref()) {
            ("smtps", None) => (Tls::Wrapper(tls_for(host)?), 465),
            ("smtp", Some("none")) => (Tls::None, 25),
            ("smtp", Some("required")) => (Tls::Required(tls_for(host)?), 587),
            ("smtp", None) if credentials.is_some() => (Tls::Required(tls_for(host)?), 587),
            ("smtp", Some("opportunistic") | None) => (Tls::Opportunistic(tls_for(host)?), 25),
            ("smtp" | "smtps", Some(_)) => return Err(RelayError::Parameter),
            _ => return Err(RelayError::Url),
        };
        Ok(Self {
            host: host.to_owned(),
            port: url.port().unwrap_or(port),
            tls,
            credentials,
            from: Mailbox::new(from.name, with_ascii_domain(from.email).ok_or(RelayError::From)?),
        })
    }
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay")
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

/// Whether there is another `@` than the one before the host, or it stands behind what ends a host: a part of a password
/// would be taken for the host, or for a path.
fn must_be_encoded(url: &str) -> bool {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let Some((login, _)) = after_scheme.rsplit_once('@') else {
        return false;
    };
    login.contains(['@', '/', '?', '#']) || login.matches(':').count() > 1
}

/// A recipient's address as it was accepted. lettre does not know a host by its number of IPv6 (RFC 5321).
pub(crate) fn address(text: &str) -> Option<Address> {
    match text.rsplit_once('@') {
        Some((user, domain)) if domain.starts_with("[IPv6:") => Some(Address::new_dangerous(user, domain)),
        _ => with_ascii_domain(text.parse().ok()?),
    }
}

/// The domain as relays know it: letters beyond ASCII are encoded (IDNA). `None` if it has none that can be.
fn with_ascii_domain(address: Address) -> Option<Address> {
    if address.domain().is_ascii() {
        return Some(address);
    }
    let domain = url::Host::parse(address.domain()).ok()?.to_string();
    Address::new(address.user(), domain).ok()
}

fn tls_parameter(url: &Url) -> Result<Option<String>, RelayError> {
    let mut said = None;
    for (name, value) in url.query_pairs() {
        if name != "tls" || said.replace(value.into_owned()).is_some() {
            return Err(RelayError::Parameter);
        }
    }
    Ok(said)
}

fn credentials(url: &Url) -> Result<Option<Credentials>, RelayError> {
    if url.username().is_empty() {
        return Ok(None);
    }
    let decoded = |text: &str| {
        let form = format!("x={}", text.replace('+', "%2B").replace('&', "%26"));
        url::form_urlencoded::parse(form.as_bytes())
            .next()
            .map(|(_, value)| value.into_owned())
            .ok_or(RelayError::Url)
    };
    Ok(Some(Credentials::new(
        decoded(url.username())?,
        decoded(url.password().unwrap_or_default())?,
    )))
}

/// The system's roots, or Mozilla's where the system has none, as for everything else that goes out.
fn tls_for(host: &str) -> Result<TlsParameters, RelayError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    let roots: Vec<Certificate> = rustls_native_certs::load_native_certs()
        .certs
        .into_iter()
        .filter_map(|root| Certificate::from_der(root.to_vec()).ok())
        .collect();
    if !roots.is_empty() {
        builder = builder.certificate_store(CertificateStore::None);
        for root in roots {
            builder = builder.add_root_certificate(root);
        }
    }
    builder.build_rustls().map_err(|_| RelayError::Tls)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relay(url: &str) -> Result<Relay, RelayError> {
        Relay::new(&SecretString::from(url), "couponry <coupons@example.com>")
    }

    #[test]
    fn the_usual_urls_are_relays() {
        for url in [
            "smtp://mail.example.com",
            "smtp://127.0.0.1:2525?tls=none",
            "smtp://user:p%40ss+word@mail.example.com:587",
            "smtps://user:pass@[2001:db8::1]",
            "smtps://user:pass@mail.example.com",
            "smtp://mail.example.com?tls=required",
        ] {
            assert!(relay(url).is_ok(), "{url}: {:?}", relay(url).err());
        }
    }

    #[test]
    fn a_password_is_taken_whole() {
        let credentials = |url| credentials(&Url::parse(url).unwrap()).unwrap();
        let whole = Credentials::new("user".to_owned(), "p&s+s=%".to_owned());
        assert_eq!(credentials("smtp://user:p&s+s=%25@mail.example.com"), Some(whole));
    }

    #[test]
    fn anything_else_is_not() {
        for url in [
            "",
            "mail.example.com:25",
            "http://mail.example.com",
            "smtp:///",
            "smtp:x",
        ] {
            assert_eq!(relay(url).err(), Some(RelayError::Url), "{url}");
        }
        for url in [
            "smtp://h?tls=maybe",
            "smtp://h?ssl=1",
            "smtps://h?tls=none",
            "smtp://h?tls=none&tls=none",
        ] {
            assert_eq!(relay(url).err(), Some(RelayError::Parameter), "{url}");
        }
        for url in [
            "smtp://user:p@ss@mail.example.com",
            "smtp://user:p/ss@mail.example.com",
            "smtp://user:p?ss@mail.example.com",
            "smtp://user:p#ss@mail.example.com:587",
            "smtp://user:p:ss@mail.example.com",
            "smtp://me@example.com:pass@mail.example.com",
        ] {
            assert_eq!(relay(url).err(), Some(RelayError::Encoding), "{url}");
        }
        let nobody = Relay::new(&SecretString::from("smtp://h"), "nobody");
        assert_eq!(nobody.err(), Some(RelayError::From));
    }
}
