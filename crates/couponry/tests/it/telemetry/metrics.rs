//! `/metrics`, held against docs/METRICS.md.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::json;

use crate::app::{
    API_KEY, Client, Collector, Credentials, FileHost, MailHost, Page, TestApp, WORKSPACE, a_list, codes,
    csv, send, text, until, wait_for, with,
};

/// What stands in the document: type and labels by name.
type Known = BTreeMap<String, (String, BTreeSet<String>)>;

fn documented() -> Known {
    let document = include_str!("../../../../../docs/METRICS.md");
    let table = document
        .lines()
        .skip_while(|line| !line.starts_with("| metric |"))
        .skip(2);
    let rows = table.take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches(['|', ' ']).split(" | ").map(str::trim).collect();
        let words = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        let name = cells[0].trim_matches('`').to_owned();
        (name, (cells[1].to_owned(), words(cells[2])))
    })
    .collect()
}

/// What a server says: type and labels by name.
fn exposed(text: &str) -> Known {
    let mut known = Known::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').unwrap();
        known.insert(name.to_owned(), (kind.to_owned(), BTreeSet::new()));
    }
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, _) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| {
            let base = name.strip_suffix(end)?;
            known.contains_key(base).then_some(base)
        });
        let (_, found) = known.get_mut(base.unwrap_or(name)).unwrap();
        let names = labels.split("\",").filter_map(|label| label.split_once("=\""));
        found.extend(names.map(|(name, _)| name.to_owned()).filter(|name| name != "le"));
    }
    known
}

async fn metrics(client: &Client) -> String {
    let answer = send(client.anonymous(Method::GET, "/metrics")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let kind = answer.header("content-type").unwrap().to_owned();
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    answer.text
}

/// The value of a series, by the beginning of its line.
fn value(text: &str, series: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with(series))?;
    line.rsplit_once(' ').unwrap().1.parse().ok()
}

/// Something of everything that is counted.
async fn everything(app: &TestApp, mail: &MailHost) {
    let host = FileHost::start().await;
    let alerts = json!({"email_alert_subscribers": ["somebody@example.com"],
                        "alert_conditions": {"success_alert": true}});
    let list = app.create_list_from(&with(a_list(), alerts)).await;
    let told = Page::in_turn([Page::status(500), Page::status(204)]);
    let body = json!({"file_url": host.serve("/codes.csv", csv(&codes("A", 20))),
                      "callback_url": host.answer("/told", told)});
    let file = app.upload_from(&list, &body).await;
    assert_eq!(app.finished(&list, &file).await["status"], "SUCCESS");
    mail.nth(1).await;
    let gate = app.database.hold_gates().await;
    let (_, ()) = tokio::join!(app.take(&list, "u"), async {
        app.counts_to("couponry_allocation_gates_locked_total", 1.0).await;
        drop(gate);
    });
    let stranger = app.with_credentials(Credentials::new(WORKSPACE, "a-key-that-somebody-guessed"));
    until("guesses to be refused", async || {
        stranger.get("/coupon-list").await.status == 429
    })
    .await;
    app.jobs_done().await;
    app.database.lock_out().await;
    until("a connection to be waited for in vain", async || {
        app.get("/coupon-list").await;
        let text = metrics(app).await;
        text.contains("db_client_connection_timeouts_total") && text.contains("error_type")
    })
    .await;
    app.database.let_in().await;
    wait_for("the database to be back", async || {
        (app.get("/coupon-list").await.status == 200).then_some(())
    })
    .await;
}

impl TestApp {
    async fn counts_to(&self, series: &str, expected: f64) {
        until(&format!("{series} to be {expected}"), async || {
            value(&metrics(self).await, series).is_some_and(|value| value >= expected)
        })
        .await;
    }
}

#[tokio::test]
async fn every_metric_is_documented_and_every_documented_one_is_there() {
    let mail = MailHost::start().await;
    let app = TestApp::start_with(|environment| mail.relay_for(environment)).await;
    everything(&app, &mail).await;
    let mut expected = documented();
    // They have a test of their own: see replica.rs.
    for name in ["couponry_replica_reads_total", "couponry_replica_lag_seconds"] {
        expected.remove(name).unwrap();
    }
    // What a resource is said to be is the operator's business.
    let mut resource = expected.remove("target_info").unwrap();
    let found = wait_for("everything to be observed", async || {
        let mut found = exposed(&metrics(&app).await);
        resource.1.extend(found.remove("target_info").unwrap().1);
        (found.keys().eq(expected.keys())).then_some(found)
    });
    let found = match tokio::time::timeout(std::time::Duration::from_secs(30), found).await {
        Ok(found) => found,
        Err(_) => exposed(&metrics(&app).await),
    };
    assert_eq!(
        found.keys().collect::<Vec<_>>(),
        expected.keys().collect::<Vec<_>>(),
        "names"
    );
    for (name, (kind, labels)) in expected {
        assert_eq!(found[&name], (kind, labels), "{name}");
    }
    assert!(resource.1.contains("service_name"), "{resource:?}");
}

#[tokio::test]
async fn allocations_are_counted_by_what_became_of_them() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1", "A-2"]).await;
    app.take(&list, "u-1").await;
    app.allocate(&list, &json!({"user_id": "u-1"})).await.expect(200);
    app.take(&list, "u-2").await;
    app.allocate(&list, &json!({"user_id": "u-3"})).await.error();
    for (outcome, expected) in [("new", 2.0), ("repeat", 1.0), ("exhausted", 1.0)] {
        let series = format!("couponry_allocations_total{{outcome=\"{outcome}\"}}");
        app.counts_to(&series, expected).await;
    }
    let series = format!("couponry_list_allocations_total{{coupon_list_id=\"{list}\"}}");
    app.counts_to(&series, 2.0).await;
    let text = metrics(&app).await;
    let series = format!("couponry_list_available{{coupon_list_id=\"{list}\"}}");
    assert_eq!(value(&text, &series), Some(0.0));
    let waits = value(&text, "couponry_allocation_queue_duration_seconds_count").unwrap();
    assert!((waits - 4.0).abs() < 0.1, "{waits}");
}

#[tokio::test]
async fn the_address_of_the_api_shows_metrics_to_callers_on_this_machine_only() {
    let app = TestApp::start().await;
    assert!(metrics(&app).await.contains("couponry_build_info{version="));
    for header in ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"] {
        let request = app.anonymous(Method::GET, "/metrics").header(header, "127.0.0.1");
        assert_eq!(send(request).await.status, 404, "{header}");
    }
    assert_eq!(send(app.anonymous(Method::POST, "/metrics")).await.status, 405);
    let behind = app
        .another_server_with(|environment| {
            environment.insert("COUPONRY_TRUSTED_PROXIES".to_owned(), "127.0.0.1".to_owned());
        })
        .await;
    assert_eq!(send(behind.anonymous(Method::GET, "/metrics")).await.status, 404);
}

#[tokio::test]
async fn an_address_of_its_own_shows_metrics_and_how_the_process_is_and_nothing_else() {
    let app = TestApp::start_with(|environment| {
        environment.insert("COUPONRY_METRICS_LISTEN".to_owned(), "127.0.0.1:0".to_owned());
    })
    .await;
    assert_eq!(send(app.anonymous(Method::GET, "/metrics")).await.status, 404);
    let address = wait_for("the address of the metrics", async || {
        let lines = app.output().log_lines();
        let line = lines.iter().find(|line| line.contains("metrics are shown"))?;
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        Some(text(&line["address"]).parse().unwrap())
    })
    .await;
    let own = Client::new(address, Credentials::new(WORKSPACE, API_KEY));
    assert!(
        metrics(&own)
            .await
            .contains("http_server_request_duration_seconds")
    );
    for path in ["/healthz", "/readyz"] {
        let (ours, theirs) = (own.anonymous(Method::GET, path), app.anonymous(Method::GET, path));
        let (ours, theirs) = (send(ours).await, send(theirs).await);
        assert_eq!((ours.status, ours.text), (200, theirs.text), "{path}");
        assert_eq!(
            send(own.anonymous(Method::POST, path)).await.status,
            405,
            "{path}"
        );
    }
    for path in ["/", "/v1/coupon-list", "/openapi.json"] {
        assert_eq!(send(own.anonymous(Method::GET, path)).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn metrics_are_shown_while_the_database_is_away() {
    let app = TestApp::start().await;
    app.counts_to("couponry_jobs{kind=\"load_file\",state=\"ready\"}", 0.0)
        .await;
    app.database.lock_out().await;
    assert_eq!(app.get("/coupon-list").await.status, 503);
    let before = value(&metrics(&app).await, "couponry_observation_age_seconds").unwrap();
    app.counts_to("couponry_observation_age_seconds", before + 1.0)
        .await;
    app.database.let_in().await;
    until("the database to be back", async || {
        app.get("/coupon-list").await.status == 200
    })
    .await;
}

#[tokio::test]
async fn the_same_metrics_are_pushed_where_the_environment_says_so() {
    let collector = Collector::start().await;
    let app = TestApp::start_with(|environment| collector.collect_from(environment)).await;
    let list = app.list_with(&codes("A", 3)).await;
    app.take(&list, "u").await;
    for name in [
        "couponry.allocations",
        "http.server.request.duration",
        "couponry.jobs",
        "process.cpu.time",
    ] {
        until(name, async || {
            collector.metric_names().iter().any(|pushed| pushed == name)
        })
        .await;
    }
    app.jobs_done().await;
}
