//! Heads that never end, and heads that are too long.

use futures_util::future::join_all;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use super::{assert_honest_clients_are_served, drip, is_closed};
use crate::{
    app::{TestApp, codes, until},
    connections::{connect, connect_from},
};

const CONNECTIONS: usize = 600;

/// Connections from a few addresses, each of which has sent this.
async fn many_that_sent(app: &TestApp, text: &[u8]) -> Vec<TcpStream> {
    join_all((0..CONNECTIONS).map(async |n| {
        let mut connection = connect_from(app, &format!("127.0.1.{}", 1 + n % 4)).await;
        // One that was closed meanwhile takes nothing.
        connection.write_all(text).await.ok();
        connection
    }))
    .await
}

async fn until_all_are_closed(connections: &[TcpStream]) {
    until("the server to close the connections", async || {
        connections.iter().all(is_closed)
    })
    .await;
}

#[tokio::test]
async fn whoever_sends_no_head_or_half_of_one_is_cut_off_and_keeps_nobody_out() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 10)).await;
    let silent = many_that_sent(&app, b"").await;
    let slow = many_that_sent(&app, b"GET /healthz HTTP/1.1\r\nHost: coup").await;
    let mut dripping = connect(&app).await;
    dripping.write_all(b"GET /healthz HTTP/1.1\r\nX: ").await.unwrap();
    assert_honest_clients_are_served(&app, &list, "u-1").await;
    assert_eq!(drip(&mut dripping, b"y").await, Some(408));
    until_all_are_closed(&silent).await;
    until_all_are_closed(&slow).await;
    assert_honest_clients_are_served(&app, &list, "u-2").await;
}

/// What is kept of heads, in KiB: 128 long ones, 16 KiB of the others, and what buffers have too much.
const GROWTH: u64 = 40 * 1024;

#[tokio::test]
async fn many_long_heads_take_little_memory() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 10)).await;
    let before = app.memory();
    let half = format!(
        "GET /healthz HTTP/1.1\r\nHost: couponry\r\nX: {}",
        "x".repeat(110_000)
    );
    let greedy = many_that_sent(&app, half.as_bytes()).await;
    until("most of them to be closed", async || {
        greedy.iter().filter(|connection| is_closed(connection)).count() >= CONNECTIONS * 3 / 4
    })
    .await;
    assert_honest_clients_are_served(&app, &list, "u-1").await;
    let grown = app.peak_memory().saturating_sub(before);
    assert!(grown < GROWTH, "{grown} KiB");
    until_all_are_closed(&greedy).await;
}

#[tokio::test]
async fn one_long_head_is_taken_and_one_that_is_too_long_is_refused() {
    let app = TestApp::start().await;
    for (bytes, status) in [(60_000, "200"), (120_000, "200"), (140_000, "431")] {
        let head = format!(
            "GET /healthz HTTP/1.1\r\nHost: couponry\r\nConnection: close\r\nX: {}\r\n\r\n",
            "x".repeat(bytes)
        );
        let answer = app.raw(head.as_bytes()).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{bytes}: {answer}"
        );
    }
}
