//! What a client is told when the fault is ours.

use crate::app::{TestApp, until};

/// Row 38 of docs/MIGRATING.md.
#[tokio::test]
async fn a_fault_of_ours_says_so_and_has_an_id_that_is_in_the_log() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let path = format!("/coupon-list/{list}");
    let mut session = app.database.connect().await;
    let rename = async |session: &mut sqlx::PgConnection, from: &str, to: &str| {
        let statement = format!("alter function {from} rename to {to}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
            .execute(session)
            .await
            .unwrap();
    };
    rename(&mut session, "stock", "stock_that_is_lost").await;
    let answer = app.get(&path).await;
    assert_eq!(
        answer.expect_error(500, "unexpected-error"),
        "Something went wrong with your request. Please contact your administrator for further assistance."
    );
    assert!(!answer.text.contains("stock"), "{}", answer.text);
    let id = answer.header("x-request-id").unwrap();
    until("the log to have the answer's id", async || {
        app.output().log_lines().iter().any(|line| line.contains(id))
    })
    .await;

    rename(&mut session, "stock_that_is_lost", "stock").await;
    app.get(&path).await.expect(200);
}
