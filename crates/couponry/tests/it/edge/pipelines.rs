//! Requests without end on one connection, of whoever reads none of the answers.

use futures_util::future::join_all;

use super::assert_honest_clients_are_served;
use crate::{
    app::codes,
    connections::{connect, impatient, write_until_closed},
};

/// What the connections of a test may take at most, in KiB: less than they took when nothing bounded it.
const GROWTH: u64 = 64 * 1024;

#[tokio::test]
async fn a_flood_of_requests_whose_answers_nobody_takes_is_not_kept() {
    let app = impatient().await;
    let list = app.list_with(&codes("A", 10)).await;
    let requests = [
        // Answered at once, without a body.
        "GET /docs HTTP/1.1\r\nHost: couponry\r\n\r\n",
        // Answered at once, by what is long and anybody's.
        "GET /openapi.json HTTP/1.1\r\nHost: couponry\r\n\r\n",
        // Waits for the database.
        "GET /console HTTP/1.1\r\nHost: couponry\r\nCookie: couponry_session=A\r\n\r\n",
        "GET /v1/nothing HTTP/1.1\r\nHost: couponry\r\n\r\n",
        "POST /v1/nothing HTTP/1.1\r\nHost: couponry\r\nContent-Length: 1\r\n\r\n1",
        "POST /v1/nothing HTTP/1.1\r\nHost: couponry\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n\r\n",
    ];
    let floods = requests.map(|request| request.repeat(1_000));
    let before = app.memory();
    let mut connections = join_all((0..24).map(async |_| connect(&app).await)).await;
    let flooding = connections
        .iter_mut()
        .zip(floods.iter().cycle())
        .map(|(connection, flood)| write_until_closed(connection, flood.as_bytes()));
    join_all(flooding).await;
    assert_honest_clients_are_served(&app, &list, "u-1").await;
    let grown = app.peak_memory().saturating_sub(before);
    assert!(grown < GROWTH, "{grown} KiB");
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
