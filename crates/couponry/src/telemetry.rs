//! Logs, metrics and traces, for as long as the program runs.

mod logs;
mod metrics;
mod observer;
mod process;
mod traces;

use std::time::Duration;

use anyhow::Context as _;
use opentelemetry::KeyValue;
use opentelemetry_sdk::{Resource, metrics::SdkMeterProvider, trace::SdkTracerProvider};
use tracing_subscriber::{layer::SubscriberExt as _, util::SubscriberInitExt as _};

pub(crate) use self::{metrics::say, observer::Observer};
use crate::config::Otlp;

/// How long the last metrics and spans may take on their way to the collector: a stop waits for it.
const FLUSH: Duration = Duration::from_secs(5);

/// What has to be flushed at the end.
#[derive(Debug)]
pub(crate) struct Telemetry {
    metrics: Option<SdkMeterProvider>,
    traces: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// The log only: for commands that are done in a moment.
    pub(crate) fn log(filter: &str) -> Self {
        tracing_subscriber::registry().with(logs::layer(filter)).init();
        logs::log_panics();
        Self {
            metrics: None,
            traces: None,
        }
    }

    /// The log, metrics for whoever asks for them, and what the environment wants to have by OTLP. Before anything is
    /// counted: an instrument that is made before is never heard of.
    ///
    /// # Errors
    /// If an exporter cannot be made of its variables.
    pub(crate) async fn start(filter: &str, otlp: &Otlp) -> anyhow::Result<Self> {
        let resource = resource(otlp);
        let (wanted, of_spans) = (otlp.clone(), resource.clone());
        // Exporters are blocking clients, which are made outside of tasks.
        let made = tokio::task::spawn_blocking(move || {
            let metrics = wanted.metrics.then(metrics::exporter).transpose()?;
            let traces = wanted
                .traces
                .map(|sampling| traces::provider(of_spans, sampling))
                .transpose()?;
            anyhow::Ok((metrics, traces))
        });
        let (exporter, traces) = made.await.context("the exporters' thread died")??;
        let metrics = metrics::start(resource, exporter)?;
        let spans = traces.as_ref().map(traces::layer);
        tracing_subscriber::registry()
            .with(spans)
            .with(logs::layer(filter))
            .init();
        logs::log_panics();
        Ok(Self {
            metrics: Some(metrics),
            traces,
        })
    }

    /// Sends what has not been sent, as far as that is possible in time.
    pub(crate) async fn stop(self) {
        let stopping = tokio::task::spawn_blocking(move || {
            if let Some(traces) = self.traces {
                traces.shutdown_with_timeout(FLUSH).ok();
            }
            if let Some(metrics) = self.metrics {
                metrics.shutdown_with_timeout(FLUSH).ok();
            }
        });
        stopping.await.ok();
    }
}

/// Who speaks, by `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` if they say so.
fn resource(otlp: &Otlp) -> Resource {
    let mut attributes = vec![
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        KeyValue::new("service.instance.id", format!("{:032x}", rand::random::<u128>())),
    ];
    if !otlp.names_service {
        attributes.push(KeyValue::new("service.name", "couponry"));
    }
    Resource::builder().with_attributes(attributes).build()
}
