//! Spans on their way to a collector, by OTLP over HTTP.

use std::time::Duration;

use ingestion::outbound::exporting_client;
use opentelemetry::{global, trace::TracerProvider as _};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider, Tracer},
};
use storage::{Sampling, TRACE, TRACE_ROOT};
use tracing::{Metadata, Subscriber, subscriber::Interest};
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::{Layer, filter::dynamic_filter_fn, layer::Context, registry::LookupSpan};

/// How long an export may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// What is sampled has been decided before a span is made; only what a caller does not want is dropped here.
pub(super) fn provider(resource: Resource, sampling: Sampling) -> anyhow::Result<SdkTracerProvider> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(exporting_client(PATIENCE)?)
        .build()?;
    global::set_text_map_propagator(TraceContextPropagator::new());
    sampling.install();
    let sampler = if sampling.follows_caller {
        Sampler::ParentBased(Box::new(Sampler::AlwaysOn))
    } else {
        Sampler::AlwaysOn
    };
    Ok(SdkTracerProvider::builder()
        .with_resource(resource)
        .with_sampler(sampler)
        .with_batch_exporter(exporter)
        .build())
}

/// Our own spans that are meant for traces, and nothing else: an exporter that traced itself would never end. Parts are made within
/// what is traced only: making them is most of what a trace costs.
pub(super) fn layer<S>(provider: &SdkTracerProvider) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    let layer: OpenTelemetryLayer<S, Tracer> = OpenTelemetryLayer::new(provider.tracer("couponry"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false);
    let is_made = |metadata: &Metadata<'_>, context: &Context<'_, S>| match metadata.target() {
        TRACE_ROOT => true,
        TRACE => context.lookup_current().is_some(),
        _ => false,
    };
    let may_be_made = |metadata: &'static Metadata<'static>| match metadata.target() {
        TRACE_ROOT if metadata.is_span() => Interest::always(),
        TRACE if metadata.is_span() => Interest::sometimes(),
        _ => Interest::never(),
    };
    layer.with_filter(dynamic_filter_fn(is_made).with_callsite_filter(may_be_made))
}
