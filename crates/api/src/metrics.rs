//! What requests count: docs/METRICS.md says what each means.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use actix_web::http::{Method, StatusCode};
use opentelemetry::{
    KeyValue, global,
    metrics::{Counter, Histogram, Meter, UpDownCounter},
};

const SECONDS: [f64; 14] = [
    0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

fn meter() -> Meter {
    global::meter("couponry")
}

static REQUESTS: LazyLock<Histogram<f64>> = LazyLock::new(|| {
    meter()
        .f64_histogram("http.server.request.duration")
        .with_unit("s")
        .with_boundaries(SECONDS.to_vec())
        .with_description("Requests, from the head to the answer's head")
        .build()
});
static ACTIVE: LazyLock<UpDownCounter<i64>> = LazyLock::new(|| {
    meter()
        .i64_up_down_counter("http.server.active_requests")
        .with_unit("{request}")
        .with_description("Requests that are being answered now")
        .build()
});
static LIMITS: LazyLock<Counter<u64>> = LazyLock::new(|| {
    meter()
        .u64_counter("couponry.limits.hit")
        .with_unit("{refusal}")
        .with_description("Requests refused by a limit")
        .build()
});

pub(crate) fn count_refusal(limit: &'static str) {
    LIMITS.add(1, &[KeyValue::new("limit", limit)]);
}

/// A request under way, counted when it ends, also where nobody waits for its answer any more.
pub(crate) struct UnderWay {
    began: Instant,
    method: &'static str,
    /// Its template; absent where nothing is at the path.
    route: Option<String>,
    status: Option<StatusCode>,
}

impl UnderWay {
    pub(crate) fn begin(method: &Method, route: Option<&str>) -> Self {
        ACTIVE.add(1, &[]);
        Self {
            began: Instant::now(),
            method: method_name(method),
            route: route.map(str::to_owned),
            status: None,
        }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    pub(crate) fn end(mut self, status: StatusCode) {
        self.status = Some(status);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        ACTIVE.add(-1, &[]);
        let method = KeyValue::new("http.request.method", self.method);
        let outcome = match self.status {
            Some(status) => KeyValue::new("http.response.status_code", i64::from(status.as_u16())),
            None => KeyValue::new("error.type", "cancelled"),
        };
        let seconds = self.elapsed().as_secs_f64();
        match self.route.take() {
            Some(route) => REQUESTS.record(seconds, &[method, KeyValue::new("http.route", route), outcome]),
            None => REQUESTS.record(seconds, &[method, outcome]),
        }
    }
}

/// Whatever a client calls its method, there are only so many labels.
pub(crate) fn method_name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        "TRACE" => "TRACE",
        "CONNECT" => "CONNECT",
        _ => "_OTHER",
    }
}
