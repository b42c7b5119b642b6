//! The marketing system: a client of the public API.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use reqwest::{
    ClientBuilder, Method, RequestBuilder, StatusCode,
    header::{AUTHORIZATION, HeaderMap, HeaderValue},
    redirect,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use serde_json::{Value, json};
use tokio::time::sleep;

#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
}

impl Client {
    /// With the credentials of a workspace; `patience` is what one request may take.
    pub fn new(address: SocketAddr, workspace: &str, key: &str, patience: Duration) -> anyhow::Result<Self> {
        let mut authorization = HeaderValue::try_from(basic(workspace, key))?;
        authorization.set_sensitive(true);
        let headers = HeaderMap::from_iter([
            (AUTHORIZATION, authorization),
            ("moe-appkey".parse()?, workspace.parse()?),
        ]);
        Ok(Self {
            http: plain_text(patience)?.default_headers(headers).build()?,
            base: format!("http://{address}"),
        })
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        Ok(self.send(Method::GET, path, None).await?.1)
    }

    /// The status too: it tells a new code from a repeated one.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<(StatusCode, Value)> {
        self.send(Method::POST, path, Some(body)).await
    }

    /// The path of a new list.
    pub async fn create_list(&self, name: &str, label: &str) -> anyhow::Result<String> {
        let list = json!({
            "name": name, "label": label, "expires_at": "2099-12-31", "created_by": "couponry demo",
        });
        let (_, list) = self.post("/v1/coupon-list", &list).await?;
        Ok(format!("/v1/coupon-list/{}", text(&list, "_id")?))
    }

    /// Asks for a file to be loaded; its path.
    pub async fn upload(&self, list: &str, url: &str) -> anyhow::Result<String> {
        let upload = json!({"file_url": url, "created_by": "couponry demo"});
        let (_, file) = self.post(&format!("{list}/files"), &upload).await?;
        Ok(format!("{list}/files/{}", text(&file, "_id")?))
    }

    /// Asks for the report of a list's usage on a day; its path.
    pub async fn report(&self, list: &str, day: &str) -> anyhow::Result<String> {
        let path = format!("{list}/usage-report");
        let wanted = json!({"start_date": day, "end_date": day, "email_subscribers": ["ada@example.com"]});
        self.post(&path, &wanted).await?;
        let reports = self.get(&path).await?;
        let newest = reports.pointer("/data/0").context("there is no report")?;
        Ok(format!("/v1/usage-report/{}", text(newest, "_id")?))
    }

    /// What is at a path, once it is no longer pending; asks so often.
    pub async fn until_done(&self, path: &str, every: Duration) -> anyhow::Result<Value> {
        loop {
            let seen = self.get(path).await?;
            if text(&seen, "status")? != "PENDING" {
                return Ok(seen);
            }
            sleep(every).await;
        }
    }

    /// An error unless it succeeds. An empty answer is null.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let what = format!("{method} {path}");
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await;
        let answer = answer.with_context(|| format!("no answer to {what}"))?;
        let (status, body) = (answer.status(), answer.text().await?);
        if !status.is_success() {
            bail!("{what} was answered {status}: {body}");
        }
        if body.is_empty() {
            return Ok((status, Value::Null));
        }
        let body = serde_json::from_str(&body);
        let body = body.with_context(|| format!("the answer to {what} is not JSON"))?;
        Ok((status, body))
    }
}

/// What an HTTP client of a server on this machine is made from.
pub fn plain_text(patience: Duration) -> anyhow::Result<ClientBuilder> {
    // Nobody speaks TLS here, but without a configuration of ours the builder looks for a provider and panics.
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .timeout(patience))
}

/// What stands after `Authorization:`.
pub fn basic(workspace: &str, key: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{workspace}:{key}")))
}

pub fn text<'a>(answer: &'a Value, key: &str) -> anyhow::Result<&'a str> {
    let text = answer.get(key).and_then(Value::as_str);
    text.with_context(|| format!("the answer has no {key}: {answer}"))
}

pub fn number(answer: &Value, key: &str) -> anyhow::Result<u64> {
    let number = answer.get(key).and_then(Value::as_u64);
    number.with_context(|| format!("the answer has no {key}: {answer}"))
}
