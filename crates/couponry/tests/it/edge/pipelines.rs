//! Requests without end on one connection, of whoever reads none of the answers.

use futures_util::future::join_all;

use super::assert_honest_clients_are_served;
use crate::{
    app::codes,
    connections::{connect, impatient, write_until_closed},
};

/// What some connections may take at most, in KiB.
const GROWTH: u64 = 32 * 1024;

#[tokio::test]
async fn a_flood_of_requests_whose_answers_nobody_takes_is_not_kept() {
    let app = impatient().await;
    let list = app.list_with(&codes("A", 10)).await;
    // An answer without a body, one that anybody gets, and one that is refused.
    for request in ["GET /docs", "GET /openapi.json", "GET /v1/nothing"] {
        let before = app.memory();
        let flood = format!("{request} HTTP/1.1\r\nHost: couponry\r\n\r\n").repeat(1_000);
        let mut connections = join_all((0..8).map(async |_| connect(&app).await)).await;
        let flooding = connections
            .iter_mut()
            .map(|connection| write_until_closed(connection, flood.as_bytes()));
        join_all(flooding).await;
        assert_honest_clients_are_served(&app, &list, request).await;
        let grown = app.peak_memory().saturating_sub(before);
        assert!(grown < GROWTH, "{request}: {grown} KiB");
    }
}

#[tokio::test]
async fn long_heads_behind_an_answer_that_nobody_takes_are_not_kept() {
    let app = impatient().await;
    let list = app.list_with(&codes("A", 10)).await;
    let before = app.memory();
    let long = format!(
        "GET /openapi.json HTTP/1.1\r\nHost: couponry\r\nX: {}\r\n\r\n",
        "x".repeat(100_000)
    );
    let flood = long.repeat(20);
    let mut connections = join_all((0..32).map(async |_| connect(&app).await)).await;
    let flooding = connections
        .iter_mut()
        .map(|connection| write_until_closed(connection, flood.as_bytes()));
    join_all(flooding).await;
    assert_honest_clients_are_served(&app, &list, "u-1").await;
    let grown = app.peak_memory().saturating_sub(before);
    assert!(grown < GROWTH, "{grown} KiB");
}
