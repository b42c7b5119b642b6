//! A collector of OpenTelemetry, as a server pushes to it by OTLP over HTTP.

use opentelemetry_proto::tonic::{
    collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use prost::Message as _;

use super::{FileHost, Page, server::Environment, wait_for};

/// Takes whatever comes, until it is dropped.
pub(crate) struct Collector {
    host: FileHost,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let host = FileHost::start().await;
        for path in ["/v1/traces", "/v1/metrics"] {
            host.answer(path, Page::status(200));
        }
        Self { host }
    }

    /// Sends everything here, soon after it happened.
    pub(crate) fn collect_from(&self, environment: &mut Environment) {
        for (name, value) in [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", self.host.url("").as_str()),
            ("OTEL_BSP_SCHEDULE_DELAY", "100"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "200"),
        ] {
            environment.insert(name.to_owned(), value.to_owned());
        }
    }

    /// Sends everything to where nobody listens.
    pub(crate) fn away(environment: &mut Environment) {
        for (name, value) in [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"),
            ("OTEL_BSP_SCHEDULE_DELAY", "100"),
        ] {
            environment.insert(name.to_owned(), value.to_owned());
        }
    }

    /// All spans that have come.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let visits = self.host.visits("/v1/traces").into_iter();
        let requests = visits.map(|visit| ExportTraceServiceRequest::decode(&*visit.body).unwrap());
        requests
            .flat_map(|request| request.resource_spans)
            .flat_map(|resource| resource.scope_spans)
            .flat_map(|scope| scope.spans)
            .collect()
    }

    /// Waits for a span that this is true of.
    pub(crate) async fn span(&self, what: &str, mut is_it: impl FnMut(&Span) -> bool) -> Span {
        wait_for(what, async || self.spans().into_iter().find(|span| is_it(span))).await
    }

    fn metrics(&self) -> Vec<ExportMetricsServiceRequest> {
        let visits = self.host.visits("/v1/metrics").into_iter();
        visits
            .map(|visit| ExportMetricsServiceRequest::decode(&*visit.body).unwrap())
            .collect()
    }

    /// The names of all metrics that have come.
    pub(crate) fn metric_names(&self) -> Vec<String> {
        let requests = self.metrics().into_iter();
        requests
            .flat_map(|request| request.resource_metrics)
            .flat_map(|resource| resource.scope_metrics)
            .flat_map(|scope| scope.metrics)
            .map(|metric| metric.name)
            .collect()
    }

    /// Everything that has come, as text.
    pub(crate) fn everything(&self) -> String {
        format!("{:?}{:?}", self.spans(), self.metrics())
    }
}

/// An attribute as text.
pub(crate) fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    let attribute = attributes.iter().find(|attribute| attribute.key == key)?;
    match attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        other => panic!("{key} is {other:?}"),
    }
}
