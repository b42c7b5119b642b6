//! Clients that do not wait for their answer.

use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use serde_json::json;
use tokio::{io::AsyncWriteExt as _, net::TcpStream, sync::Barrier};

use crate::app::{TestApp, assert_all_different, codes, text, until};

#[tokio::test]
async fn clients_that_hang_up_neither_lose_nor_block_anything() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 1000)).await;
    let body = |n: usize| json!({"user_id": format!("u-{n}")});
    // All send at once and close without waiting for the answer.
    let together = Arc::new(Barrier::new(200));
    join_all((0..200).map(async |n| {
        let body = body(n).to_string();
        let request = format!(
            "POST /v1/coupon-list/{list}/allocations HTTP/1.1\r\nHost: couponry\r\nAuthorization: {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            app.credentials.basic(),
            body.len()
        );
        let mut connection = TcpStream::connect(app.address).await.unwrap();
        together.wait().await;
        connection.write_all(request.as_bytes()).await.unwrap();
    }))
    .await;

    let taken = Mutex::new(Vec::new());
    join_all((0..200).map(async |n| {
        let answer = app.allocate(&list, &body(n)).await;
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
        let allocation = answer.expect(answer.status);
        taken
            .lock()
            .unwrap()
            .push(text(&allocation["coupon_code"]).to_owned());
    }))
    .await;
    assert_all_different(taken.lock().unwrap().iter());
    assert_eq!(app.counts(&list).await, (1000, 800));
    until("no session to be left in a transaction", async || {
        app.database.idle_in_transaction().await == 0
    })
    .await;
}
