//! Answers in JSON, of bounded size.

use reqwest::{RequestBuilder, Response, StatusCode, header};
use serde_json::Value;

use crate::ProviderError;

/// More than any provider's keys come to.
const MOST_BYTES: usize = 1024 * 1024;

/// The answer to a request that has to succeed.
pub(crate) async fn json(request: RequestBuilder) -> Result<Value, ProviderError> {
    let answer = send(request).await?;
    match answer.status() {
        StatusCode::OK => read(answer).await,
        _ => Err(ProviderError::Away("does not answer what it should")),
    }
}

pub(crate) async fn send(request: RequestBuilder) -> Result<Response, ProviderError> {
    let request = request.header(header::ACCEPT, "application/json");
    request.send().await.map_err(|error| {
        // Without the address, whose query may have secrets.
        let error = error.without_url();
        tracing::warn!(%error, "the identity provider cannot be asked");
        ProviderError::Away("does not answer")
    })
}

pub(crate) async fn read(mut answer: Response) -> Result<Value, ProviderError> {
    let mut text = Vec::new();
    loop {
        let chunk = answer.chunk().await;
        let Some(chunk) = chunk.map_err(|_| ProviderError::Away("broke off in its answer"))? else {
            break;
        };
        if text.len() + chunk.len() > MOST_BYTES {
            return Err(ProviderError::Away("answers too much"));
        }
        text.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&text).map_err(|_| ProviderError::Away("does not answer in JSON"))
}
