//! A code becomes tokens.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::{StatusCode, header};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use url::form_urlencoded;

use crate::{Provider, ProviderError, Visit, discovery::Discovery, http};

#[derive(Deserialize)]
pub(crate) struct Tokens {
    pub(crate) id_token: String,
    pub(crate) access_token: Option<String>,
}

impl Provider {
    pub(crate) async fn exchange(
        &self,
        discovery: &Discovery,
        code: &str,
        visit: Visit<'_>,
    ) -> Result<Tokens, ProviderError> {
        let (id, secret) = (
            &self.settings.client_id,
            self.settings.client_secret.expose_secret(),
        );
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", visit.back_to)
            .append_pair("code_verifier", visit.verifier);
        let request = self
            .client
            .post(discovery.token_endpoint.clone())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = if discovery.takes_basic() {
            // Both are encoded as in a form first (RFC 6749, 2.3.1).
            let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let login = BASE64_STANDARD.encode(format!("{}:{}", encode(id), encode(secret)));
            request.header(header::AUTHORIZATION, format!("Basic {login}"))
        } else {
            form.append_pair("client_id", id)
                .append_pair("client_secret", secret);
            request
        };
        let answer = http::send(request.body(form.finish())).await?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED => {
                tracing::error!(
                    "the identity provider does not know COUPONRY_OIDC_CLIENT_ID by COUPONRY_OIDC_CLIENT_SECRET"
                );
                return Err(ProviderError::Untrue(
                    "it does not know this service by the secret that was configured",
                ));
            }
            status if status.is_server_error() => return Err(ProviderError::Away("has failed")),
            _ => {
                return Err(ProviderError::Untrue(
                    "it does not take back the code that it gave",
                ));
            }
        }
        serde_json::from_value(http::read(answer).await?)
            .map_err(|_| ProviderError::Untrue("it gave no token that says who you are"))
    }
}
