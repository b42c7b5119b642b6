//! Beside a streaming replica: what is read there is never older than the request.

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};

use crate::{
    app::{Replicated, TestApp, codes, send, text, until, wait_for},
    usage_report::day,
};

const LEFT: &str = "the read replica is left";

async fn beside(servers: &Replicated) -> TestApp {
    TestApp::start_with(|environment| servers.stand_in(environment)).await
}

async fn run_on(url: &str, statement: &'static str) {
    let mut session = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(statement).execute(&mut session).await.unwrap();
}

/// Whether a session of the program on that server has asked this last.
async fn has_answered(url: &str, part: &str) -> bool {
    let asked = sqlx::query_scalar(
        "select exists (select from pg_stat_activity
                        where application_name = 'couponry' and strpos(query, $1) > 0 and pid <> pg_backend_pid())",
    );
    let mut session = PgConnection::connect(url).await.unwrap();
    asked.bind(part).fetch_one(&mut session).await.unwrap()
}

/// Each reader finds the allocation of the moment before, and its last statement on the replica.
#[tokio::test]
async fn what_was_committed_before_a_request_is_in_its_answer_from_the_replica() {
    let servers = Replicated::start();
    let app = beside(&servers).await;
    let list = app.list_with(&codes("A", 100)).await;
    for taken in 1..=20 {
        app.take(&list, &format!("user {taken}")).await;
        assert_eq!(app.stock(&list).await[..2], [100, 100 - taken]);
        let page = app.allocations(&list, "").await;
        assert_eq!(
            i64::try_from(page["data"].as_array().unwrap().len()).unwrap(),
            taken
        );
    }
    let metrics = send(app.anonymous(Method::GET, "/metrics")).await.text;
    assert!(
        metrics.contains("couponry_replica_reads_total{answered_by=\"replica\"}"),
        "{metrics}"
    );
    until("the replica's lag to be told", async || {
        let metrics = send(app.anonymous(Method::GET, "/metrics")).await.text;
        metrics.contains("couponry_replica_lag_seconds{replica=\"walreceiver\"}")
    })
    .await;
    assert!(has_answered(servers.replica(), "from allocations_at(").await);
    assert!(!has_answered(servers.primary(), "from allocations_at(").await);
    let export = app.get(&format!("/coupon-list/{list}/codes/export")).await;
    assert_eq!(
        export
            .text
            .lines()
            .filter(|line| line.contains("AVAILABLE"))
            .count(),
        80
    );
    assert!(has_answered(servers.replica(), "from blocks_from(").await);
    let report = report_of_today(&app, &list).await;
    assert_eq!((text(&report["status"]), &report["rows"]), ("READY", &20.into()));
}

async fn report_of_today(app: &TestApp, list: &str) -> Value {
    let today = day(app, 0).await;
    let body = json!({"start_date": today, "end_date": today, "email_subscribers": ["ann@example.com"]});
    let path = format!("/coupon-list/{list}/usage-report");
    app.post(&path, &body).await.expect(200);
    wait_for("the report", async || {
        let report = app.get(&path).await.expect(200)["data"][0].clone();
        (report["status"] != "PENDING").then_some(report)
    })
    .await
}

#[tokio::test]
async fn a_replica_that_stands_still_is_left_and_asked_again_once_it_follows() {
    let servers = Replicated::start();
    let app = beside(&servers).await;
    let list = app.list_with(&codes("A", 10)).await;
    run_on(servers.replica(), "select pg_wal_replay_pause()").await;
    app.take(&list, "ann").await;
    assert_eq!(app.stock(&list).await[..2], [10, 9]);
    app.logs(&[LEFT, "it lags"]).await;
    run_on(servers.replica(), "select pg_wal_replay_resume()").await;
    until("the replica to be asked again", async || {
        assert_eq!(app.stock(&list).await[..2], [10, 9]);
        has_answered(servers.replica(), "from stock_now(").await
    })
    .await;
}

#[tokio::test]
async fn a_replica_that_is_away_or_none_costs_no_answer() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 10)).await;
    app.take(&list, "ann").await;
    let itself = app.database.url();
    for (url, why) in [
        (itself.as_str(), "it is no replica of this database"),
        ("postgres://postgres@127.0.0.1:1/postgres", LEFT),
    ] {
        let other = app
            .another_server_with(|environment| {
                environment.insert("COUPONRY_DATABASE_READ_URL".to_owned(), url.to_owned());
            })
            .await;
        assert_eq!(other.stock(&list).await[..2], [10, 9]);
        app.logs(&[LEFT, why]).await;
    }
}
