//! Behind a connection pooler: PgBouncer, before the tests' PostgreSQL.

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use tokio::task::JoinSet;

use crate::{
    app::{Client, Pooler, TestApp, assert_all_different, codes, send, text, until},
    usage_report::report,
};

const LOST: &str = "does not pass on a setting";
const IN_TRANSACTION_MODE: &str = "leads to a connection pooler in transaction mode";

async fn behind(pooler: &Pooler) -> TestApp {
    TestApp::start_with(|environment| pooler.stand_in(environment)).await
}

/// The SQL that the log proposes for what the pooler loses.
fn remedies(app: &TestApp) -> Vec<String> {
    let lines = app.output().log_lines();
    let lines = lines.iter().filter(|line| line.contains(LOST));
    lines
        .map(|line| text(&serde_json::from_str::<Value>(line).unwrap()["remedy"]).to_owned())
        .collect()
}

/// Runs what the log proposes, and starts again behind new connections to the server.
async fn mend(app: &mut TestApp) {
    let mut session = app.database.connect().await;
    for remedy in remedies(app) {
        sqlx::raw_sql(AssertSqlSafe(remedy))
            .execute(&mut session)
            .await
            .unwrap();
    }
    app.kill();
    sqlx::raw_sql(
        "select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()",
    )
    .execute(&mut session)
    .await
    .unwrap();
    app.restart().await;
}

/// Fewer connections to the server than each of two processes has.
#[tokio::test]
async fn two_servers_load_hand_out_and_report_on_three_connections_of_a_pooler() {
    let pooler = Pooler::start("default_pool_size = 3");
    let app = behind(&pooler).await;
    let other = app.another_server().await;
    let list = app.list_with(&codes("A", 2_000)).await;
    // Compared with the first file, by COPY.
    app.load_codes(&list, &codes("B", 2_000)).await;
    let mut clients = JoinSet::new();
    for user in 0..40 {
        let server = Client::clone(if user % 2 == 0 { &app } else { &other });
        let list = list.clone();
        clients.spawn(async move { server.take(&list, &format!("user {user}")).await });
    }
    let mut taken = clients.join_all().await;
    taken.extend(app.take_many(&list, "many", 1_000).await);
    assert_all_different(&taken);
    assert_eq!(app.stock(&list).await[..2], [4_000, 2_960]);
    let report = report(&app, &list).await;
    assert_eq!(
        (text(&report["status"]), &report["rows"]),
        ("READY", &json!(1_040))
    );
    app.forget_mails().await;
}

#[tokio::test]
async fn what_a_pooler_loses_is_told_and_what_is_proposed_mends_it() {
    for settings in ["", "ignore_startup_parameters = options"] {
        let pooler = Pooler::start(settings);
        let mut app = behind(&pooler).await;
        app.logs(&[LOST, "statement_timeout is 0 ms"]).await;
        app.logs(&[LOST, "client_connection_check_interval is 0 ms"])
            .await;
        let told = remedies(&app).len();
        mend(&mut app).await;
        assert_eq!(remedies(&app).len(), told, "{settings}");
    }
}

/// The limits are the program's own: it closes its connection, and the pooler closes the one to the server.
#[tokio::test]
async fn a_statement_that_nobody_waits_for_any_more_ends_behind_a_pooler_too() {
    let pooler = Pooler::start("");
    let mut app = behind(&pooler).await;
    mend(&mut app).await;
    let list = app.list_with(&codes("A", 10)).await;
    let held = app.database.hold_gates().await;
    let answer = app.allocate(&list, &json!({"user_id": "ann"})).await;
    assert_eq!(answer.status, 503);
    until("the server's statements to end", async || {
        app.database.waiting_for_a_lock().await == 0
    })
    .await;
    held.release().await;
    until("a code", async || {
        app.allocate(&list, &json!({"user_id": "ann"})).await.status != 503
    })
    .await;
}

#[tokio::test]
async fn without_a_way_past_the_pooler_the_program_says_what_to_set() {
    let pooler = Pooler::start("");
    let app = TestApp::start().await;
    for command in ["serve", "migrate"] {
        let ended = app.command_with(&[command], |environment| pooler.stand_alone(environment));
        let log = String::from_utf8_lossy(&ended.stderr);
        assert!(!ended.status.success(), "{command}");
        assert!(
            log.contains(IN_TRANSACTION_MODE) && log.contains("COUPONRY_DATABASE_DIRECT_URL"),
            "{command}: {log}"
        );
    }
    let waiting = app
        .another_server_with(|environment| {
            pooler.stand_alone(environment);
            environment.insert("COUPONRY_MIGRATE".to_owned(), "off".to_owned());
        })
        .await;
    app.logs(&["the schema does not fit", IN_TRANSACTION_MODE]).await;
    assert_eq!(send(waiting.anonymous(Method::GET, "/readyz")).await.status, 503);
}

#[tokio::test]
async fn a_pooler_that_loses_prepared_statements_is_refused() {
    let pooler = Pooler::start("max_prepared_statements = 0");
    let app = TestApp::start().await;
    let ended = app.command_with(&["serve"], |environment| pooler.stand_in(environment));
    let log = String::from_utf8_lossy(&ended.stderr);
    assert!(
        !ended.status.success() && log.contains("max_prepared_statements = 200"),
        "{log}"
    );
}

#[tokio::test]
async fn a_pooler_in_session_mode_needs_no_way_past_it() {
    let pooler = Pooler::start("pool_mode = session");
    let app = TestApp::start_with(|environment| pooler.stand_alone(environment)).await;
    app.logs(&[LOST]).await;
    app.list_with(&codes("A", 10)).await;
}
