//! Rolling upgrades: servers of a release on the schema of the next one.

use reqwest::Method;

use crate::app::{TestApp, codes, send, until};

/// What the next release may do while servers of this one run.
const NEXT_RELEASE: &str = "
    alter table coupon_list add column colour text;
    alter table ledger add column channel text;
    create table colour (name text primary key);
    create function colours() returns setof text language sql as 'select name from colour';
    insert into _sqlx_migrations (version, description, success, checksum, execution_time)
    values (9000, 'colours', true, '\\x00', 0)";

const NO_RELEASE_BEFORE: &str = "update deployment set required_migration = 9000";

async fn run(app: &TestApp, statements: &'static str) {
    let mut session = app.database.connect().await;
    sqlx::raw_sql(statements).execute(&mut session).await.unwrap();
}

#[tokio::test]
async fn a_server_runs_on_and_starts_again_on_the_schema_of_the_next_release() {
    let mut app = TestApp::start().await;
    let list = app.list_with(&codes("A", 40)).await;
    app.take_many(&list, "before", 10).await;
    run(&app, NEXT_RELEASE).await;
    app.take_many(&list, "running", 10).await;

    app.kill();
    app.restart().await;
    app.take_many(&list, "again", 10).await;
    let another = app
        .another_server_with(|environment| {
            environment.insert("COUPONRY_MIGRATE".to_owned(), "off".to_owned());
        })
        .await;
    until("the server to be ready", async || {
        send(another.anonymous(Method::GET, "/readyz")).await.status == 200
    })
    .await;
    let loaded_by_it = app.list_with(&codes("B", 10)).await;
    app.take_many(&loaded_by_it, "new list", 10).await;
    assert_eq!(app.stock(&list).await[..2], [40, 10]);
}

#[tokio::test]
async fn a_server_does_not_start_on_a_schema_that_has_taken_away_what_it_needs() {
    let app = TestApp::start().await;
    run(&app, NO_RELEASE_BEFORE).await;
    for command in ["serve", "migrate"] {
        let ended = app.command(&[command]);
        let log = String::from_utf8_lossy(&ended.stderr);
        assert!(!ended.status.success(), "{command}");
        assert!(
            log.contains("the schema needs a program with migration 9000"),
            "{command}: {log}"
        );
    }
}
