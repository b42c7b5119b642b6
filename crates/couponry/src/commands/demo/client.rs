//! The marketing system: a client of the public API, and of nothing else.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use reqwest::{Method, StatusCode};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use crate::config::Bootstrap;

#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    base: String,
    pub(super) workspace: Bootstrap,
}

impl Client {
    pub(super) fn new(address: SocketAddr, workspace: Bootstrap) -> anyhow::Result<Self> {
        // It speaks to itself, in plain text, but without a TLS configuration the builder looks for a provider and
        // panics.
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .timeout(Duration::from_mins(1))
            .build()?;
        Ok(Self {
            http,
            base: format!("http://{address}/v1"),
            workspace,
        })
    }

    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        Ok(self.send(Method::GET, path, None).await?.1)
    }

    /// The status too: it tells a new code from a repeated one.
    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<(StatusCode, Value)> {
        self.send(Method::POST, path, Some(body)).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let what = format!("{method} {path}");
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .basic_auth(
                self.workspace.workspace_id.as_str(),
                Some(self.workspace.api_key.expose_secret()),
            )
            .header("MOE-APPKEY", self.workspace.workspace_id.as_str());
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request
            .send()
            .await
            .with_context(|| format!("no answer to {what}"))?;
        let status = answer.status();
        let body = answer.text().await?;
        if !status.is_success() {
            bail!("{what} was answered {status}: {body}");
        }
        let body =
            serde_json::from_str(&body).with_context(|| format!("the answer to {what} is not JSON"))?;
        Ok((status, body))
    }
}
