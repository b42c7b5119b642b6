//! A client of the public API.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use futures_util::stream;
use reqwest::{Body, Method, Response};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::server::PATIENCE;

#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) authorization: String,
}

impl Client {
    pub(crate) fn new(base: String, authorization: String) -> anyhow::Result<Self> {
        // Plain text only, but without a TLS configuration the builder looks for a provider and panics.
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .timeout(PATIENCE)
            .build()?;
        Ok(Self {
            http,
            base,
            authorization,
        })
    }

    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<Value> {
        let what = format!("{method} {path}");
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .header("Authorization", &self.authorization);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request
            .send()
            .await
            .with_context(|| format!("no answer to {what}"))?;
        let (status, body) = (answer.status(), answer.bytes().await?);
        if !status.is_success() {
            bail!("{what} was answered {status}: {}", String::from_utf8_lossy(&body));
        }
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body).with_context(|| format!("the answer to {what} is not JSON"))
    }

    /// The path of a new list.
    pub(crate) async fn create_list(&self, name: &str) -> anyhow::Result<String> {
        let body = json!({"name": name, "label": name, "expires_at": "2099-12-31", "created_by": "bench"});
        let list = self.call(Method::POST, "/v1/coupon-list", Some(body)).await?;
        Ok(format!("/v1/coupon-list/{}", text(&list, "_id")?))
    }

    /// Asks for a file to be loaded and waits until it is; how long that took, and the file's path.
    pub(crate) async fn load(&self, list: &str, url: &str, added: u64) -> anyhow::Result<(Duration, String)> {
        let started = Instant::now();
        let file = self
            .call(
                Method::POST,
                &format!("{list}/files"),
                Some(json!({"file_url": url})),
            )
            .await?;
        let path = format!("{list}/files/{}", text(&file, "_id")?);
        let file = self.until_done(&path, "PENDING").await?;
        let took = started.elapsed();
        if text(&file, "status")? != "SUCCESS" || file.get("added_coupons") != Some(&json!(added)) {
            bail!("the load of {url} came to {file}, not to {added} codes");
        }
        Ok((took, path))
    }

    /// Polls each 10 ms; what is at the path once its status is another.
    pub(crate) async fn until_done(&self, path: &str, pending: &str) -> anyhow::Result<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self.get(path).await?;
            if text(&seen, "status")? != pending {
                return Ok(seen);
            }
            if Instant::now() > deadline {
                bail!("{path} is {pending} for too long");
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Sends lines by one request, and reads the answers meanwhile; how many came with a code.
    pub(crate) async fn stream(
        &self,
        list: &str,
        query: &str,
        prefix: &str,
        lines: u64,
    ) -> anyhow::Result<u64> {
        let prefix = prefix.to_owned();
        let pieces = (0..lines).step_by(1_000).map(move |first| {
            let numbers = first..lines.min(first + 1_000);
            let piece = numbers.fold(String::new(), |piece, number| {
                piece + "{\"user_id\":\"" + &prefix + &number.to_string() + "\"}\n"
            });
            Ok::<_, std::io::Error>(Bytes::from(piece))
        });
        let answer = self
            .http
            .post(format!("{}{list}/allocations/batch{query}", self.base))
            .header("Authorization", &self.authorization)
            .header("Content-Type", "application/x-ndjson")
            .body(Body::wrap_stream(stream::iter(pieces)))
            .send()
            .await?
            .error_for_status()?;
        codes_in(answer).await
    }
}

/// Each line that has a code has this once.
const MARK: &[u8] = b"\"coupon_code\":";

async fn codes_in(mut answer: Response) -> anyhow::Result<u64> {
    let mut codes = 0;
    let mut rest: Vec<u8> = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        rest.extend_from_slice(&chunk);
        let whole = rest
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |end| end + 1);
        let lines = rest.drain(..whole).collect::<Vec<_>>();
        codes += lines
            .split(|&byte| byte == b'\n')
            .filter(|line| line.windows(MARK.len()).any(|window| window == MARK))
            .count();
    }
    Ok(u64::try_from(codes)?)
}

pub(crate) fn text<'a>(value: &'a Value, field: &str) -> anyhow::Result<&'a str> {
    value
        .get(field)
        .and_then(Value::as_str)
        .with_context(|| format!("no {field} in {value}"))
}
