//! Spans on their way to a collector, by OTLP over HTTP.

use std::time::Duration;

use ingestion::outbound::exporting_client;
use opentelemetry::{global, trace::TracerProvider as _};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{SdkTracerProvider, Tracer},
};
use storage::TRACE;
use tracing::{Metadata, Subscriber};
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

/// How long an export may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// What is sampled says `OTEL_TRACES_SAMPLER`.
pub(super) fn provider(resource: Resource) -> anyhow::Result<SdkTracerProvider> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(exporting_client(PATIENCE)?)
        .build()?;
    global::set_text_map_propagator(TraceContextPropagator::new());
    Ok(SdkTracerProvider::builder()
        .with_resource(resource)
        .with_batch_exporter(exporter)
        .build())
}

/// Our own spans that are meant for traces, and nothing else: an exporter that traced itself would never end.
pub(super) fn layer<S>(provider: &SdkTracerProvider) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    let layer: OpenTelemetryLayer<S, Tracer> = OpenTelemetryLayer::new(provider.tracer("couponry"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false);
    layer.with_filter(filter_fn(|metadata: &Metadata<'_>| {
        metadata.is_span() && metadata.target() == TRACE
    }))
}
