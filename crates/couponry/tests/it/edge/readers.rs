//! Readers that take a little of an answer now and then, and readers that take nothing of many.

use futures_util::future::join_all;
use tokio::io::AsyncWriteExt as _;

use super::assert_honest_clients_are_served;
use crate::{
    app::{codes, wait_for},
    connections::{connect_from, head, impatient},
};

#[tokio::test]
async fn a_reader_that_takes_a_little_now_and_then_is_cut_off() {
    let app = impatient().await;
    let list = app.list_with(&codes("A", 20_000)).await;
    let head = head(&app, &format!("GET /v1/coupon-list/{list}/codes/export"));
    let mut reader = connect_from(&app, "127.0.1.1").await;
    // Several of them fill what the kernel keeps.
    let requests = format!("{head}\r\n").repeat(8);
    reader.write_all(requests.as_bytes()).await.unwrap();
    let mut taken = 0;
    wait_for("the server to cut it off", async || {
        taken += reader.try_read(&mut [0; 64]).unwrap_or_default();
        // What the kernel has goes on coming; but a peer that was cut off may write no more.
        reader.write_all(b"x").await.err()
    })
    .await;
    assert!(taken > 0);
    assert_honest_clients_are_served(&app, &list, "u-1").await;
}

/// Far less than what the answers come to, in KiB: files that are part of the program are not copied.
const GROWTH: u64 = 64 * 1024;

#[tokio::test]
async fn answers_that_anybody_may_have_take_no_memory_for_each_who_does_not_read_them() {
    let app = impatient().await;
    let list = app.list_with(&codes("A", 10)).await;
    let before = app.memory();
    let request = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: couponry\r\n\r\n";
    let readers = join_all((0..200).map(async |n| {
        let mut reader = connect_from(&app, &format!("127.0.1.{}", 1 + n % 4)).await;
        reader.write_all(request).await.unwrap();
        reader
    }))
    .await;
    assert_honest_clients_are_served(&app, &list, "u-1").await;
    for mut reader in readers {
        // A peer that was cut off may write no more.
        wait_for("the server to cut it off", async || {
            reader.write_all(b"x").await.err()
        })
        .await;
    }
    let grown = app.peak_memory().saturating_sub(before);
    assert!(grown < GROWTH, "{grown} KiB");
}
