//! Where the provider's addresses are: its document at `/.well-known/openid-configuration`.

use std::{str::FromStr, sync::Arc};

use serde::Deserialize;
use url::{Host, Url};

use crate::{ProviderError, http};

/// A provider's name for itself, which is a URL, to the letter.
#[derive(Debug, Clone)]
pub struct Issuer {
    text: String,
    url: Url,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be the https:// address of the provider, as it calls itself (`issuer` in its /.well-known/openid-configuration)"
)]
pub struct NotAnIssuer;

impl FromStr for Issuer {
    type Err = NotAnIssuer;

    /// https; http too on this machine, where nobody listens in.
    fn from_str(text: &str) -> Result<Self, NotAnIssuer> {
        let url = Url::parse(text).map_err(|_| NotAnIssuer)?;
        let is_safe = url.scheme() == "https" || url.scheme() == "http" && is_this_machine(&url);
        if !is_safe || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
            return Err(NotAnIssuer);
        }
        Ok(Self {
            text: text.to_owned(),
            url,
        })
    }
}

impl Issuer {
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn host(&self) -> &str {
        self.url.host_str().unwrap_or(&self.text)
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// What is taken from the document.
#[derive(Debug, Deserialize)]
pub(crate) struct Discovery {
    issuer: String,
    pub(crate) authorization_endpoint: Url,
    pub(crate) token_endpoint: Url,
    pub(crate) jwks_uri: Url,
    pub(crate) userinfo_endpoint: Option<Url>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

impl Discovery {
    pub(crate) async fn fetch(client: &reqwest::Client, issuer: &Issuer) -> Result<Arc<Self>, ProviderError> {
        let base = issuer.as_str().trim_end_matches('/');
        let document = http::json(client.get(format!("{base}/.well-known/openid-configuration"))).await?;
        let document: Self = serde_json::from_value(document)
            .map_err(|_| ProviderError::Away("has no document that says where to sign in"))?;
        if document.issuer != issuer.as_str() {
            tracing::warn!(
                expected = issuer.as_str(),
                "the identity provider calls itself otherwise"
            );
            return Err(ProviderError::Untrue(
                "it calls itself otherwise than COUPONRY_OIDC_ISSUER does",
            ));
        }
        // A code or token must not go over the network as it is.
        if !document
            .addresses()
            .all(|address| ["https", issuer.url.scheme()].contains(&address.scheme()))
        {
            return Err(ProviderError::Untrue("it names addresses that are not https"));
        }
        Ok(Arc::new(document))
    }

    fn addresses(&self) -> impl Iterator<Item = &Url> {
        let always = [&self.authorization_endpoint, &self.token_endpoint, &self.jwks_uri];
        always.into_iter().chain(&self.userinfo_endpoint)
    }

    /// Whether the client's secret goes in a header, as it does unless the provider says otherwise.
    pub(crate) fn takes_basic(&self) -> bool {
        let methods = self.token_endpoint_auth_methods_supported.as_ref();
        methods.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_https_or_on_this_machine() {
        for (text, is_one) in [
            ("https://login.example.com", true),
            ("https://login.example.com/realms/shop", true),
            ("http://localhost:9000", true),
            ("http://127.0.0.1:9000/", true),
            ("http://[::1]:9000", true),
            ("http://login.example.com", false),
            ("https://login.example.com?x=1", false),
            ("https://me@login.example.com", false),
            ("ftp://login.example.com", false),
            ("login.example.com", false),
        ] {
            assert_eq!(text.parse::<Issuer>().is_ok(), is_one, "{text}");
        }
    }
}
