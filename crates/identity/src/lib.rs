//! Who somebody is by the word of an identity provider: OpenID Connect, authorization code flow with PKCE. What is asked over the
//! network is asked here; what becomes of the answer is the caller's.

mod claims;
mod discovery;
mod exchange;
mod http;
mod ring_keys;
mod token;

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use moka::future::Cache;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;
use url::Url;

pub use claims::{Grant, Somebody};
use discovery::Discovery;
pub use discovery::{Issuer, NotAnIssuer};

/// For all that is asked for one sign-in: whoever waits is a person.
const WHOLE: Duration = Duration::from_secs(10);
/// How long it is remembered where the provider's addresses are.
const REMEMBERED: Duration = Duration::from_mins(10);

/// The provider as the operator named it.
#[derive(Debug, Clone)]
pub struct Settings {
    pub issuer: Issuer,
    pub client_id: String,
    pub client_secret: SecretString,
    /// Which claim says what somebody may do; without one the provider gives no roles.
    pub role_claim: Option<String>,
}

/// An identity provider. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Provider {
    settings: Arc<Settings>,
    client: reqwest::Client,
    discovered: Cache<(), Arc<Discovery>>,
}

/// What binds a browser's way to the provider and back together. Each is a secret of this one way.
#[derive(Debug, Clone, Copy)]
pub struct Visit<'a> {
    /// Where the provider sends the browser afterwards.
    pub back_to: &'a str,
    pub state: &'a str,
    pub nonce: &'a str,
    pub verifier: &'a str,
}

/// Why the provider's word is not known. The texts are for people, end a sentence, and quote nothing that came over the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// It may be, later.
    #[error("it {0}")]
    Away(&'static str),
    /// What it said cannot be believed, or is not for us.
    #[error("{0}")]
    Untrue(&'static str),
}

impl Provider {
    /// The client connects wherever it is told to: the operator named the provider, which may well be a neighbour.
    pub fn new(settings: Settings, client: reqwest::Client) -> Self {
        ring_keys::install();
        Self {
            settings: Arc::new(settings),
            client,
            discovered: Cache::builder().max_capacity(1).time_to_live(REMEMBERED).build(),
        }
    }

    /// What people know it by: its host.
    pub fn name(&self) -> &str {
        self.settings.issuer.host()
    }

    pub fn issuer(&self) -> &str {
        self.settings.issuer.as_str()
    }

    /// Where a browser is sent to sign in.
    pub async fn address(&self, visit: Visit<'_>) -> Result<Url, ProviderError> {
        let discovery = within(self.discovery()).await?;
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(visit.verifier));
        let mut address = discovery.authorization_endpoint.clone();
        address
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", visit.back_to)
            .append_pair("scope", "openid email profile")
            .append_pair("state", visit.state)
            .append_pair("nonce", visit.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(address)
    }

    /// Who has come back with this code.
    pub async fn somebody(&self, code: &str, visit: Visit<'_>) -> Result<Somebody, ProviderError> {
        within(async {
            let discovery = self.discovery().await?;
            let tokens = self.exchange(&discovery, code, visit).await?;
            let keys = http::json(self.client.get(discovery.jwks_uri.clone())).await?;
            let asked = token::Expected {
                issuer: self.issuer(),
                client_id: &self.settings.client_id,
                nonce: visit.nonce,
            };
            let mut claims = token::verify(&tokens.id_token, keys, &asked)?;
            let role_claim = self.settings.role_claim.as_deref();
            if claims.lacks(role_claim)
                && let (Some(userinfo), Some(access)) = (&discovery.userinfo_endpoint, &tokens.access_token)
            {
                let more = http::json(self.client.get(userinfo.clone()).bearer_auth(access)).await?;
                claims.complete(more)?;
            }
            claims.somebody(role_claim)
        })
        .await
    }

    /// Those who ask at the same time wait for one answer; a failure is not remembered.
    async fn discovery(&self) -> Result<Arc<Discovery>, ProviderError> {
        let found = self
            .discovered
            .try_get_with((), Discovery::fetch(&self.client, &self.settings.issuer));
        found.await.map_err(|error| *error)
    }
}

async fn within<T>(asking: impl Future<Output = Result<T, ProviderError>>) -> Result<T, ProviderError> {
    timeout(WHOLE, asking)
        .await
        .unwrap_or(Err(ProviderError::Away("takes too long")))
}
