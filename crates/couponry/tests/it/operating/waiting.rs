//! A start that waits for its database.

use std::time::Duration;

use super::output;
use crate::app::{DatabaseProxy, Environment, Server, TestApp, until};

#[tokio::test]
async fn a_start_that_waits_says_so_once_and_not_at_each_try() {
    let app = TestApp::start().await;
    let proxy = DatabaseProxy::start().await;
    let mut environment: Environment = [
        ("DATABASE_URL".to_owned(), app.database.url()),
        ("COUPONRY_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
    ]
    .into();
    proxy.stand_in(&mut environment);
    app.database.lock_out().await;
    let log = output();
    let starting = Server::start(&environment, &log);
    let waiting = async {
        let lines = || {
            log.log_lines()
                .iter()
                .filter(|line| line.contains("waiting for the database"))
                .count()
        };
        until("four tries", async || proxy.accepted() >= 4).await;
        assert_eq!(lines(), 1, "{:#?}", log.log_lines());
        app.database.let_in().await;
    };
    let (server, ()) =
        tokio::time::timeout(Duration::from_secs(30), async { tokio::join!(starting, waiting) })
            .await
            .unwrap();
    drop(server);
}
