//! Telling a file's uploader that its load has ended: by the guarded client, signed by Standard Webhooks.

use std::{collections::HashMap, time::Duration};

use domain::{LoadFailure, WebhookSecret};
use opentelemetry::{Context, global};
use reqwest::{
    Method,
    header::{CONTENT_TYPE, HeaderMap},
};
use storage::{Callback, TRACE};
use tokio::time::timeout;
use tracing::{Instrument as _, field, info_span};

use crate::{metrics::count_callback, outbound::Outbound};

/// For everything from the look-up of the name to the answer's head.
const PATIENCE: Duration = Duration::from_secs(20);

/// Makes callbacks.
#[derive(Debug, Clone)]
pub struct Callbacks {
    outbound: Outbound,
}

/// The receiver has not taken the callback; it is to be made again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    #[error("the callback was not taken: {0}")]
    NotSent(LoadFailure),
    #[error("the receiver of the callback answered with status {0}")]
    Refused(u16),
}

impl Callbacks {
    pub fn new(outbound: Outbound) -> Self {
        Self { outbound }
    }

    /// Sends the body once. Any 2xx is success; a redirect is not followed, since nobody checked where it leads.
    pub async fn call(&self, callback: &Callback, body: Vec<u8>) -> Result<(), CallbackError> {
        let span = info_span!(
            target: TRACE,
            "callback",
            otel.name = "POST",
            otel.kind = "client",
            otel.status_code = field::Empty,
            http.request.method = "POST",
            http.response.status_code = field::Empty
        );
        let made = self.send(callback, body).instrument(span.clone()).await;
        match &made {
            Ok(()) => {}
            Err(CallbackError::Refused(status)) => {
                span.record("http.response.status_code", status);
                span.record("otel.status_code", "ERROR");
            }
            Err(CallbackError::NotSent(_)) => {
                span.record("otel.status_code", "ERROR");
            }
        }
        count_callback(&made);
        made
    }

    async fn send(&self, callback: &Callback, body: Vec<u8>) -> Result<(), CallbackError> {
        // The same in every try: a receiver that has seen it knows the repeat.
        let id = format!("msg_{}", callback.file.public_id);
        let timestamp = callback.now.as_second().to_string();
        let signatures: Vec<String> = callback
            .secrets
            .iter()
            .map(|secret: &WebhookSecret| secret.sign(&id, callback.now, &body))
            .collect();
        let sent = self.outbound.send(Method::POST, &callback.url, |request| {
            request
                .header(CONTENT_TYPE, "application/json")
                .header("webhook-id", id)
                .header("webhook-timestamp", timestamp)
                .header("webhook-signature", signatures.join(" "))
                .headers(trace_context())
                .body(body)
        });
        let answer = timeout(PATIENCE, sent)
            .await
            .unwrap_or(Err(LoadFailure::TooSlow))
            .map_err(CallbackError::NotSent)?;
        if answer.status().is_success() {
            Ok(())
        } else {
            Err(CallbackError::Refused(answer.status().as_u16()))
        }
    }
}

/// W3C `traceparent` of what runs now, so that the receiver's trace is one with ours; nothing where nobody traces.
fn trace_context() -> HeaderMap {
    let mut headers: HashMap<String, String> = HashMap::new();
    global::get_text_map_propagator(|propagator| {
        Context::map_current(|context| propagator.inject_context(context, &mut headers));
    });
    HeaderMap::try_from(&headers).unwrap_or_default()
}
