//! Traces that a collector got.

use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode};
use reqwest::Method;
use serde_json::json;

use crate::app::{
    Collector, FileHost, Page, TestApp, attribute, codes, csv, in_time, send, text, until, wait_for,
};

const ALLOCATIONS: &str = "/v1/coupon-list/{coupon_list_id}/allocations";

async fn traced() -> (TestApp, Collector) {
    let collector = Collector::start().await;
    let app = TestApp::start_with(|environment| collector.collect_from(environment)).await;
    (app, collector)
}

/// The trace of somebody who calls the API, and the header that says so.
struct Caller {
    trace: [u8; 16],
    span: [u8; 8],
}

impl Caller {
    fn new() -> Self {
        Self {
            trace: rand::random(),
            span: rand::random(),
        }
    }

    fn header(&self, flags: &str) -> String {
        let (trace, span) = (u128::from_be_bytes(self.trace), u64::from_be_bytes(self.span));
        format!("00-{trace:032x}-{span:016x}-{flags}")
    }

    async fn take(&self, app: &TestApp, list: &str, flags: &str) {
        let request = app.request(Method::POST, &format!("/coupon-list/{list}/allocations"));
        let request = request.header("traceparent", self.header(flags));
        send(request.json(&json!({"user_id": "u"}))).await.expect(201);
    }

    /// Waits for the trace's spans, until it has these.
    async fn trace(&self, collector: &Collector, names: &[&str]) -> Vec<Span> {
        wait_for(&format!("a trace with {names:?}"), async || {
            let mut spans = collector.spans();
            spans.retain(|span| span.trace_id == self.trace);
            let has = |name: &&&str| spans.iter().any(|span| span.name == **name);
            (names.iter().filter(has).count() == names.len()).then_some(spans)
        })
        .await
    }
}

fn named<'s>(spans: &'s [Span], name: &str) -> &'s Span {
    spans.iter().find(|span| span.name == name).unwrap()
}

fn is_linked(from: &Span, to: &Span) -> bool {
    from.links.iter().any(|link| link.span_id == to.span_id)
}

#[tokio::test]
async fn one_allocation_is_followed_from_its_caller_to_the_database() {
    let (app, collector) = traced().await;
    let list = app.list_with(&codes("A", 3)).await;
    let caller = Caller::new();
    caller.take(&app, &list, "01").await;

    let request = format!("POST {ALLOCATIONS}");
    let names = [request.as_str(), "allocation", "allocation call", "allocate"];
    let spans = caller.trace(&collector, &names).await;
    let [request, allocation, call, statement] = names.map(|name| named(&spans, name));
    assert_eq!(request.parent_span_id, caller.span);
    assert_eq!(request.kind(), SpanKind::Server);
    let of_request = |key| attribute(&request.attributes, key);
    assert_eq!(of_request("http.route").as_deref(), Some(ALLOCATIONS));
    assert_eq!(of_request("http.request.method").as_deref(), Some("POST"));
    assert_eq!(of_request("http.response.status_code").as_deref(), Some("201"));
    assert_eq!(allocation.parent_span_id, request.span_id);
    assert_eq!(call.parent_span_id, allocation.span_id);
    assert!(
        is_linked(allocation, call) && is_linked(call, allocation),
        "{spans:#?}"
    );
    assert_eq!(statement.parent_span_id, call.span_id);
    assert_eq!(statement.kind(), SpanKind::Client);
    let of_statement = |key| attribute(&statement.attributes, key);
    assert_eq!(of_statement("db.system.name").as_deref(), Some("postgresql"));
    assert_eq!(
        of_statement("db.client.connection.pool.name").as_deref(),
        Some("allocations")
    );
}

#[tokio::test]
async fn requests_that_share_a_call_are_each_linked_with_it() {
    let (app, collector) = traced().await;
    let list = app.list_with(&codes("A", 2_000)).await;
    let shared = wait_for("a call that serves several requests", async || {
        let users = (0..20).map(|_| format!("{:x}", rand::random::<u64>()));
        futures_util::future::join_all(users.map(async |user| app.take(&list, &user).await)).await;
        let spans = collector.spans().into_iter();
        spans
            .filter(|span| span.name == "allocation call")
            .find(|call| call.links.len() > 1)
    })
    .await;
    for link in &shared.links {
        let request = collector
            .span("a request that was served", |span| span.span_id == link.span_id)
            .await;
        assert_eq!(request.trace_id, link.trace_id);
        assert!(is_linked(&request, &shared), "{request:#?}");
    }
    let traces: std::collections::HashSet<_> = shared.links.iter().map(|link| &link.trace_id).collect();
    assert_eq!(
        traces.len(),
        shared.links.len(),
        "each request has a trace of its own"
    );
}

#[tokio::test]
async fn one_load_is_followed_from_its_upload_through_its_stages_to_the_callback() {
    let (app, collector) = traced().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let caller = Caller::new();
    let body = json!({
        "file_url": host.serve("/codes.csv", csv(&codes("A", 500))),
        "callback_url": host.answer("/told", Page::in_turn([Page::status(500), Page::status(204)])),
    });
    let request = app.request(Method::POST, &format!("/coupon-list/{list}/files"));
    let request = request.header("traceparent", caller.header("01")).json(&body);
    let file = send(request).await.expect(201);
    assert_eq!(app.finished(&list, text(&file["_id"])).await["status"], "SUCCESS");
    app.jobs_done().await;

    let upload = "POST /v1/coupon-list/{coupon_list_id}/files";
    let stages = ["downloading", "sorting", "comparing", "storing"];
    let told = "POST";
    let names = [
        &[upload, "fetch_file", "call_back", told, "publish_file"][..],
        &stages,
    ]
    .concat();
    let spans = caller.trace(&collector, &names).await;
    let upload = named(&spans, upload);
    assert_eq!(upload.parent_span_id, caller.span);
    // A quick file is loaded where it was fetched.
    let load = named(&spans, "fetch_file");
    assert_eq!(load.parent_span_id, upload.span_id);
    assert_eq!(load.kind(), SpanKind::Consumer);
    for stage in stages {
        assert_eq!(named(&spans, stage).parent_span_id, load.span_id, "{stage}");
    }
    let visits = host.visits("/told");
    assert_eq!(visits.len(), 2);
    for (visit, status) in visits.iter().zip(["500", "204"]) {
        let heard = visit.header("traceparent").unwrap();
        let span = u64::from_str_radix(heard.split('-').nth(2).unwrap(), 16).unwrap();
        let told = collector
            .span("the callback", |told| told.span_id == span.to_be_bytes())
            .await;
        assert_eq!(told.trace_id, caller.trace, "{heard}");
        let failed = told
            .status
            .as_ref()
            .is_some_and(|told| told.code() == StatusCode::Error);
        assert_eq!(failed, status == "500");
        let job = collector
            .span("its job", |job| job.span_id == told.parent_span_id)
            .await;
        assert_eq!(job.name, "call_back");
        assert_eq!(job.parent_span_id, upload.span_id);
    }
}

#[tokio::test]
async fn a_caller_that_does_not_trace_is_not_traced() {
    let (app, collector) = traced().await;
    let list = app.list_with(&codes("A", 3)).await;
    let (silent, told) = (Caller::new(), Caller::new());
    silent.take(&app, &list, "00").await;
    send(
        app.request(Method::GET, &format!("/coupon-list/{list}"))
            .header("traceparent", told.header("01")),
    )
    .await
    .expect(200);
    told.trace(&collector, &["GET /v1/coupon-list/{coupon_list_id}"])
        .await;
    assert!(collector.spans().iter().all(|span| span.trace_id != silent.trace));
}

#[tokio::test]
async fn what_is_not_sampled_is_not_traced_unless_its_caller_wants_it() {
    let collector = Collector::start().await;
    let app = TestApp::start_with(|environment| {
        collector.collect_from(environment);
        environment.insert(
            "OTEL_TRACES_SAMPLER".to_owned(),
            "parentbased_traceidratio".to_owned(),
        );
        environment.insert("OTEL_TRACES_SAMPLER_ARG".to_owned(), "0".to_owned());
    })
    .await;
    let list = app.list_with(&codes("A", 3)).await;
    app.take(&list, "untraced").await;
    app.jobs_done().await;
    let caller = Caller::new();
    caller.take(&app, &list, "01").await;
    caller
        .trace(&collector, &["allocation", "allocation call", "allocate"])
        .await;
    assert!(collector.spans().iter().all(|span| span.trace_id == caller.trace));
}

#[tokio::test]
async fn a_collector_that_is_away_stops_nothing_and_is_said_in_the_log() {
    let mut app = TestApp::start_with(|environment| {
        Collector::away(environment);
    })
    .await;
    let list = app.list_with(&codes("A", 3)).await;
    app.take(&list, "u").await;
    app.jobs_done().await;
    until("the log to say so", async || {
        let lines = app.output().log_lines();
        lines
            .iter()
            .any(|line| line.contains("\"target\":\"opentelemetry"))
    })
    .await;
    app.terminate();
    assert!(in_time("the server to end", app.ended()).await.success());
    app.restart().await;
}
