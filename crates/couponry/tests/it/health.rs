//! `/healthz` and `/readyz`, and what the API says while its database is away.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::app::{Answer, Client, Environment, TestApp, codes, send, text, until};

async fn status(client: &Client, path: &str) -> u16 {
    send(client.anonymous(Method::GET, path)).await.status
}

#[tokio::test]
async fn a_running_server_is_healthy_and_ready_to_anybody() {
    let app = TestApp::start().await;
    assert_eq!(status(&app, "/healthz").await, 200);
    until("the server to be ready", async || {
        status(&app, "/readyz").await == 200
    })
    .await;
}

#[tokio::test]
async fn without_its_database_a_server_is_healthy_but_not_ready_and_recovers_by_itself() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 10)).await;
    let first = app.take(&list, "u-1").await;
    app.database.lock_out().await;

    until("the server to be unready", async || {
        status(&app, "/readyz").await == 503
    })
    .await;
    assert_eq!(status(&app, "/healthz").await, 200);
    for answer in [
        app.get("/coupon-list").await,
        app.allocate(&list, &json!({"user_id": "u-2"})).await,
    ] {
        assert_eq!(answer.status, 503, "{}", answer.text);
        assert!(answer.header("retry-after").is_some());
        answer.error();
    }

    app.database.let_in().await;
    until("the server to be ready again", async || {
        status(&app, "/readyz").await == 200
    })
    .await;
    let repeat = app.allocate(&list, &json!({"user_id": "u-1"})).await.expect(200);
    assert_eq!(repeat["coupon_code"], first);
    app.take(&list, "u-3").await;
}

/// It answers no API, so it says how it is beside its metrics, and `couponry healthcheck` asks there.
#[tokio::test]
async fn a_worker_is_ready_while_it_has_its_database_and_its_healthcheck_says_so() {
    let app = TestApp::start().await;
    let as_worker = |environment: &mut Environment, metrics: &str| {
        environment.insert("COUPONRY_ROLE".to_owned(), "worker".to_owned());
        environment.insert("COUPONRY_METRICS_LISTEN".to_owned(), metrics.to_owned());
    };
    let worker = app
        .another_server_with(|environment| as_worker(environment, "127.0.0.1:0"))
        .await;
    let address = worker.address.to_string();
    let healthcheck = |arguments: &[&str]| {
        let ended = app.command_with(&[&["healthcheck"], arguments].concat(), |environment| {
            as_worker(environment, &address);
        });
        ended.status.success()
    };
    until("the worker to be ready", async || {
        status(&worker, "/readyz").await == 200
    })
    .await;
    assert!(healthcheck(&[]) && healthcheck(&["--ready"]));

    app.database.lock_out().await;
    until("the worker to be unready", async || {
        status(&worker, "/readyz").await == 503
    })
    .await;
    assert_eq!(status(&worker, "/healthz").await, 200);
    assert!(healthcheck(&[]) && !healthcheck(&["--ready"]));
    app.database.let_in().await;
    until("the worker to be ready again", async || {
        status(&worker, "/readyz").await == 200
    })
    .await;
}

#[tokio::test]
async fn a_worker_without_an_address_cannot_be_asked_and_its_healthcheck_says_why() {
    let app = TestApp::start().await;
    let ended = app.command_with(&["healthcheck"], |environment| {
        environment.insert("COUPONRY_ROLE".to_owned(), "worker".to_owned());
    });
    assert_eq!(ended.status.code(), Some(1));
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(said.contains("COUPONRY_METRICS_LISTEN"), "{said}");
}

#[tokio::test]
async fn only_get_is_asked_of_them() {
    let app = TestApp::start().await;
    for path in ["/healthz", "/readyz"] {
        let answer = send(app.anonymous(Method::POST, path)).await;
        assert_eq!(answer.status, 405, "{path}");
    }
}

/// Each of them waits for its turn first.
async fn assert_many_hear_in_time_that_the_database_is_away(ask: impl AsyncFn() -> Answer) {
    let asked = Instant::now();
    let asking = (0..16).map(|_| async { (ask().await, asked.elapsed()) });
    for (answer, took) in join_all(asking).await {
        answer.expect_error(503, "service-unavailable");
        assert!(took < Duration::from_millis(5_500), "{took:?}");
    }
}

#[tokio::test]
async fn whoever_is_not_known_yet_hears_in_time_too_that_the_database_is_away() {
    let app = TestApp::start().await;
    app.database.lock_out().await;
    assert_many_hear_in_time_that_the_database_is_away(async || app.get("/coupon-list").await).await;
    app.database.let_in().await;
}

#[tokio::test]
async fn whoever_brings_a_token_that_is_not_known_yet_hears_it_in_time_too() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 1)).await;
    let token = app.pull_token(&list, &json!({})).await;
    let path = format!("/v1/pull/{}?user_id=u", text(&token["token"]));
    app.database.lock_out().await;
    assert_many_hear_in_time_that_the_database_is_away(async || {
        send(app.anonymous(Method::GET, &path)).await
    })
    .await;
    app.database.let_in().await;
}

#[tokio::test]
async fn an_export_that_cannot_be_begun_is_refused_in_time() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 10)).await;
    app.take(&list, "u-1").await;
    app.database.lock_out().await;
    for path in ["allocations/export", "codes/export"] {
        let asked = Instant::now();
        let answer = app.get(&format!("/coupon-list/{list}/{path}")).await;
        answer.expect_error(503, "service-unavailable");
        assert!(asked.elapsed() < Duration::from_millis(5_500), "{path}");
    }
    app.database.let_in().await;
}

/// The file can be read, who got its codes cannot.
#[tokio::test]
async fn recipients_that_cannot_be_read_are_refused_in_time() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let file = app.load_codes(&list, &codes("A", 10)).await;
    app.take(&list, "u-1").await;
    let path = format!("/coupon-list/{list}/files/{file}");
    send(app.request(Method::PUT, &format!("{path}/quarantine"))).await;
    let held = app.database.hold_ledger().await;
    for (method, what) in [(Method::GET, "recipients"), (Method::POST, "reissue")] {
        let asked = Instant::now();
        let answer = send(app.request(method, &format!("{path}/{what}"))).await;
        answer.expect_error(503, "service-unavailable");
        assert!(asked.elapsed() < Duration::from_millis(5_500), "{what}");
    }
    held.release().await;
}
