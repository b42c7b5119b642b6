//! A start that waits for its database.

use std::time::Duration;

use crate::app::{DatabaseProxy, TestApp, until};

#[tokio::test]
async fn a_start_that_waits_says_so_once_and_not_at_each_try() {
    let app = TestApp::start().await;
    let proxy = DatabaseProxy::start().await;
    app.database.lock_out().await;
    let starting = app.another_server_with(|environment| proxy.stand_in(environment));
    let waiting = async {
        let log = || app.output().log_lines();
        until("four tries", async || proxy.accepted() >= 4).await;
        let told = log()
            .iter()
            .filter(|line| line.contains("waiting for the database"))
            .count();
        assert_eq!(told, 1, "{:#?}", log());
        app.database.let_in().await;
    };
    let started = async { tokio::join!(starting, waiting) };
    let (server, ()) = tokio::time::timeout(Duration::from_secs(30), started)
        .await
        .unwrap();
    drop(server);
}
