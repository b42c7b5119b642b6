//! The same, for senders that write all of a body before they read: that is how nearly every HTTP library sends.

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpSocket,
};

use crate::app::{TestApp, codes, in_time, json_lines, until, wait_for};

/// Far more answers than the buffers between a server and its client hold, and than the server keeps in memory.
const LINES: usize = 30_000;

/// Every hundredth line is none, every hundredth names no user, and the last get nothing any more.
fn lines() -> String {
    let line = |n: usize| match n % 100 {
        7 => format!("nonsense {n}\n"),
        8 => format!("{{\"user_id\":[\"{n}\"]}}\n"),
        _ => format!("{{\"user_id\":\"u-{n}\",\"request_id\":\"r-{n}\"}}\n"),
    };
    (0..LINES).map(line).collect()
}

fn expected(n: usize, answer: &Value, served: &mut usize) {
    let error = &answer["error"]["code"];
    match n % 100 {
        7 | 8 => assert_eq!(
            (&answer["user_id"], error),
            (&Value::Null, &json!("invalid-request"))
        ),
        _ => {
            assert_eq!(answer["user_id"], format!("u-{n}"));
            if answer["request_id"] == format!("r-{n}") {
                *served += 1;
            } else {
                assert_eq!(error, "coupons-exhausted", "{answer}");
            }
        }
    }
}

/// Sends all of the body and reads nothing.
async fn send_all(app: &TestApp, list: &str, body: &str) -> tokio::net::TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    let mut connection = socket.connect(app.address).await.unwrap();
    let head = format!(
        "POST /v1/coupon-list/{list}/allocations/batch HTTP/1.1\r\nHost: couponry\r\nAuthorization: {}\r\n\
         Content-Type: application/x-ndjson\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        app.credentials.basic(),
        body.len()
    );
    in_time("all lines to be taken", async {
        connection.write_all(head.as_bytes()).await.unwrap();
        connection.write_all(body.as_bytes()).await.unwrap();
    })
    .await;
    connection
}

async fn kept_pieces(app: &TestApp) -> i64 {
    sqlx::query_scalar("select count(*) from answer_piece")
        .fetch_one(&mut app.database.connect().await)
        .await
        .unwrap()
}

/// The text of a body in chunks.
fn unchunked(answer: &[u8]) -> String {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let (mut rest, mut text) = (&answer[head + 4..], Vec::new());
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n").unwrap();
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if length == 0 {
            return String::from_utf8(text).unwrap();
        }
        text.extend_from_slice(&rest[end + 2..end + 2 + length]);
        rest = &rest[end + 2 + length + 2..];
    }
}

#[tokio::test]
async fn all_lines_sent_before_the_first_answer_is_read_are_answered_in_order() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", LINES - 1_000)).await;
    let body = lines();
    let mut connection = send_all(&app, &list, &body).await;
    // Nothing is read before all of it is done.
    until("all codes to be taken", async || {
        app.counts(&list).await == (i64::try_from(LINES - 1_000).unwrap(), 0)
    })
    .await;
    assert!(kept_pieces(&app).await > 0);
    let mut answer = Vec::new();
    in_time("the answers", connection.read_to_end(&mut answer))
        .await
        .unwrap();
    let text = unchunked(&answer);
    let answers = json_lines(&text);
    assert_eq!(answers.len(), LINES);
    let mut served = 0;
    for (n, answer) in answers.iter().enumerate() {
        expected(n, answer, &mut served);
    }
    assert_eq!(served, LINES - 1_000);
    assert!(
        app.stream(&list, "", body).await.text == text,
        "a repeat is not equal"
    );
    until("nothing to be kept", async || kept_pieces(&app).await == 0).await;
}

#[tokio::test]
async fn a_sender_that_never_reads_is_cut_off_and_loses_no_code() {
    let app = TestApp::start_with(|environment| {
        environment.insert("COUPONRY_STALL_SECONDS".to_owned(), "1".to_owned());
    })
    .await;
    let list = app.list_with(&codes("A", LINES)).await;
    let body = lines();
    let mut connection = send_all(&app, &list, &body).await;
    wait_for("the server to close the connection", async || {
        connection.write_all(b"x").await.err()
    })
    .await;
    let taken = i64::try_from(LINES * 98 / 100).unwrap();
    let total = i64::try_from(LINES).unwrap();
    until("all codes to be taken", async || {
        app.counts(&list).await == (total, total - taken)
    })
    .await;
    until("nothing to be kept", async || kept_pieces(&app).await == 0).await;
    app.stream(&list, "", body).await;
    assert_eq!(app.counts(&list).await, (total, total - taken));
}
