//! One set of metrics, read by whoever asks and pushed where the environment names a collector.

use std::{
    sync::{LazyLock, Mutex, PoisonError},
    time::{Duration, Instant},
};

use ingestion::outbound::exporting_client;
use opentelemetry::global;
use opentelemetry_otlp::{MetricExporter, WithHttpConfig as _};
use opentelemetry_sdk::{Resource, metrics::SdkMeterProvider};
use prometheus::{Registry, TextEncoder};

use super::traces::PATIENCE;

/// How long what was said is said again: a storm of questions costs what one costs.
const REMEMBERED: Duration = Duration::from_secs(1);

static REGISTRY: LazyLock<Registry> = LazyLock::new(Registry::new);
static SAID: Mutex<Option<(Instant, String)>> = Mutex::new(None);

/// Pushes, at the interval of `OTEL_METRIC_EXPORT_INTERVAL`.
pub(super) fn exporter() -> anyhow::Result<MetricExporter> {
    Ok(MetricExporter::builder()
        .with_http()
        .with_http_client(exporting_client(PATIENCE)?)
        .build()?)
}

pub(super) fn start(
    resource: Resource,
    exporter: Option<MetricExporter>,
) -> anyhow::Result<SdkMeterProvider> {
    let reader = opentelemetry_prometheus::exporter()
        .with_registry(REGISTRY.clone())
        .scope_info_enabled(false)
        .build()?;
    let provider = SdkMeterProvider::builder()
        .with_resource(resource)
        .with_reader(reader);
    let provider = match exporter {
        Some(exporter) => provider.with_periodic_exporter(exporter),
        None => provider,
    };
    let provider = provider.build();
    global::set_meter_provider(provider.clone());
    Ok(provider)
}

/// All metrics, in Prometheus' text. Nothing is asked of the database for it.
pub(crate) fn say() -> String {
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((at, text)) = said.as_ref()
        && at.elapsed() < REMEMBERED
    {
        return text.clone();
    }
    let text = TextEncoder::new().encode_to_string(&REGISTRY.gather());
    let text = text.unwrap_or_else(|error| {
        tracing::warn!(%error, "the metrics cannot be written");
        String::new()
    });
    *said = Some((Instant::now(), text.clone()));
    text
}
