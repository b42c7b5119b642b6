//! The one HTTP client.

use std::{fmt, sync::Arc};

use domain::{FileUrl, LoadFailure};
use reqwest::{
    Client, Method, RequestBuilder, Response,
    header::{ACCEPT_ENCODING, HeaderMap, HeaderValue},
    redirect,
};

use super::{AddressPolicy, Limits, failure, resolver::GuardedResolver, tls};

/// A client that reaches permitted addresses only. Cheap to clone.
#[derive(Clone)]
pub struct Outbound {
    client: Client,
    policy: Arc<AddressPolicy>,
    pub(super) limits: Limits,
}

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    #[error("TLS could not be set up")]
    Tls(#[from] rustls::Error),
    #[error("the HTTP client could not be set up")]
    Http(#[from] reqwest::Error),
}

impl Outbound {
    pub fn new(policy: AddressPolicy, limits: Limits) -> Result<Self, OutboundError> {
        let policy = Arc::new(policy);
        let client = Client::builder()
            .tls_backend_preconfigured(tls::config()?)
            .dns_resolver(GuardedResolver::new(Arc::clone(&policy), limits.lookup))
            // A proxy would connect for us, to addresses nobody checked.
            .no_proxy()
            // Each hop is checked by the caller.
            .redirect(redirect::Policy::none())
            // A kept connection would outlive the check of its address, and the runtime that opened it.
            .pool_max_idle_per_host(0)
            .http1_only()
            .referer(false)
            .connect_timeout(limits.connect)
            .user_agent(concat!("couponry/", env!("CARGO_PKG_VERSION")))
            .default_headers(HeaderMap::from_iter([(
                ACCEPT_ENCODING,
                HeaderValue::from_static("identity"),
            )]))
            .build()?;
        Ok(Self {
            client,
            policy,
            limits,
        })
    }

    pub fn policy(&self) -> &AddressPolicy {
        &self.policy
    }

    /// Sends one request, follows nothing, and gives back the answer's head whatever its status. `shape` adds what the
    /// request carries.
    pub(crate) async fn send(
        &self,
        method: Method,
        url: &FileUrl,
        shape: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, LoadFailure> {
        // reqwest connects to a literal address without asking the resolver.
        if self.policy.refuses_literally(url) {
            return Err(LoadFailure::AddressNotAllowed);
        }
        let request = shape(self.client.request(method, url.as_url().clone())).send();
        let answer = tokio::time::timeout(self.limits.connect + self.limits.idle, request)
            .await
            .map_err(|_| LoadFailure::TooSlow)?
            .map_err(|error| failure::of_request(&error))?;
        match answer.remote_addr() {
            Some(peer) if self.policy.permits(peer.ip()) => Ok(answer),
            _ => Err(LoadFailure::AddressNotAllowed),
        }
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
