//! Connections that somebody keeps for nothing.

use std::io::ErrorKind;

use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpSocket, TcpStream},
};

use crate::{
    app::{TestApp, codes, in_time, send, until, wait_for},
    usage_report::report,
};

/// With so little patience that tests need not wait for long: two seconds, and a third of one for what is unasked.
pub(crate) async fn impatient() -> TestApp {
    TestApp::start_with(|environment| {
        environment.insert("COUPONRY_STALL_SECONDS".to_owned(), "2".to_owned());
    })
    .await
}

pub(crate) async fn connect(app: &TestApp) -> TcpStream {
    TcpStream::connect(app.address).await.unwrap()
}

/// From an address of its own, with room for few bytes that nobody reads.
pub(crate) async fn connect_from(app: &TestApp, address: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.bind(format!("{address}:0").parse().unwrap()).unwrap();
    socket.connect(app.address).await.unwrap()
}

/// Writes this again and again until the server closes the connection.
pub(crate) async fn write_until_closed(connection: &mut TcpStream, text: &[u8]) {
    in_time("the server to close the connection", async {
        while connection.write_all(text).await.is_ok() {}
    })
    .await;
}

pub(crate) fn head(app: &TestApp, request_line: &str) -> String {
    format!(
        "{request_line} HTTP/1.1\r\nHost: couponry\r\nAuthorization: {}\r\n",
        app.credentials.basic()
    )
}

#[tokio::test]
async fn an_endless_body_is_not_read_for_ever_once_it_was_answered() {
    let app = impatient().await;
    for line in ["POST /v1/nothing", "GET /healthz", "POST /v1/coupon-list"] {
        let mut connection = connect(&app).await;
        let head = format!("{line} HTTP/1.1\r\nHost: couponry\r\nTransfer-Encoding: chunked\r\n\r\n");
        connection.write_all(head.as_bytes()).await.unwrap();
        write_until_closed(&mut connection, b"4\r\nmore\r\n").await;
    }
}

/// Sends a request and half of the next one's head, and waits until that was waited for long enough.
async fn outlast_half_a_head(app: &TestApp) {
    let mut connection = connect(app).await;
    let half = "GET /healthz HTTP/1.1\r\nHost: couponry\r\n\r\n";
    connection.write_all(half.as_bytes()).await.unwrap();
    let mut answer = [0; 15];
    connection.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    connection.write_all(b"GET /healthz HT").await.unwrap();
    in_time("the server to close the connection", async {
        connection.read_to_end(&mut Vec::new()).await.ok();
    })
    .await;
}

#[tokio::test]
async fn half_a_head_after_an_answer_is_not_waited_for_for_ever() {
    outlast_half_a_head(&impatient().await).await;
}

#[tokio::test]
async fn a_connection_is_kept_between_requests() {
    let app = impatient().await;
    let mut connection = BufReader::new(connect(&app).await);
    for _ in 0..3 {
        let request = b"GET /healthz HTTP/1.1\r\nHost: couponry\r\n\r\n";
        connection.write_all(request).await.unwrap();
        let mut line = String::new();
        while line != "{\"status\":\"ok\"}" {
            line.clear();
            let mut piece = (&mut connection).take(15);
            let read = in_time("an answer", piece.read_line(&mut line)).await;
            assert!(read.unwrap() > 0, "the connection ended");
        }
        outlast_half_a_head(&app).await;
    }
}

#[tokio::test]
async fn readers_that_never_read_are_cut_off_and_keep_nobody_out() {
    const SOCKETS: usize = 1_200;
    let app = impatient().await;
    let list = app.list_with(&codes("A", 20_000)).await;
    let head = head(&app, &format!("GET /v1/coupon-list/{list}/codes/export"));
    let mut silent = Vec::with_capacity(SOCKETS);
    for n in 0..SOCKETS {
        let mut connection = connect_from(&app, &format!("127.0.1.{}", 1 + n % 4)).await;
        // Several of them fill what the kernel keeps.
        let requests = format!("{head}\r\n").repeat(8);
        connection.write_all(requests.as_bytes()).await.unwrap();
        silent.push(connection);
    }
    let fresh = send(app.anonymous(Method::GET, "/healthz"));
    assert_eq!(in_time("a fresh request", fresh).await.status, 200);
    app.take(&list, "u-1").await;
    for connection in &mut silent {
        // A peer that was cut off may write no more.
        wait_for("the server to close the connection", async || {
            connection.write_all(b"x").await.err()
        })
        .await;
    }
}

#[tokio::test]
async fn one_address_cannot_take_all_places() {
    let app = TestApp::start_with(|environment| {
        environment.insert("COUPONRY_CONNECTIONS".to_owned(), "40".to_owned());
    })
    .await;
    let mut greedy = Vec::new();
    for _ in 0..60 {
        greedy.push(connect_from(&app, "127.0.1.1").await);
    }
    until("half of the connections to be closed", async || {
        let closed = greedy.iter().filter(|connection| {
            let read = connection.try_read(&mut [0]);
            matches!(read, Ok(0)) || read.is_err_and(|error| error.kind() != ErrorKind::WouldBlock)
        });
        closed.count() == 40
    })
    .await;
    let list = app.post("/coupon-list", &json!({})).await;
    assert_eq!(list.status, 400);
}

/// The head and the body of the one answer on a connection.
async fn answer_to_1_0(app: &TestApp, request_line: &str, more: &str) -> (String, String) {
    let head = head(app, request_line).replace("HTTP/1.1", "HTTP/1.0");
    let answer = app.raw(format!("{head}{more}").as_bytes()).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_ascii_lowercase(), body.to_owned())
}

#[tokio::test]
async fn an_old_client_gets_a_long_answer_without_chunks_and_then_the_end_of_the_connection() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 3000)).await;
    app.take(&list, "ada").await;
    let files = app.get(&format!("/coupon-list/{list}/files")).await.expect(200);
    let file = files["data"][0]["_id"].as_str().unwrap();
    for path in [
        format!("/coupon-list/{list}/codes/export"),
        format!("/coupon-list/{list}/files/{file}/recipients"),
    ] {
        let expected = app.get(&path).await;
        assert_eq!(expected.header("transfer-encoding"), Some("chunked"), "{path}");
        for connection in ["", "Connection: keep-alive\r\n"] {
            let (head, body) =
                answer_to_1_0(&app, &format!("GET /v1{path}"), &format!("{connection}\r\n")).await;
            assert!(head.contains(" 200 ok\r\n"), "{head}");
            assert!(!head.contains("transfer-encoding"), "{head}");
            assert!(!head.contains("keep-alive"), "{head}");
            assert!(body == expected.text, "{path}: {body:.200}");
        }
    }

    let report = report(&app, &list).await;
    let download = format!("/usage-report/{}/download", report["_id"].as_str().unwrap());
    let (head, body) = answer_to_1_0(&app, &format!("GET /v1{download}"), "\r\n").await;
    assert!(!head.contains("transfer-encoding"), "{head}");
    assert_eq!(body, app.get(&download).await.text);
    // No relay will come for the report's mail.
    app.forget_mails().await;

    let recipients = "{\"user_id\":\"bob\"}\n{\"user_id\":\"eve\"}\n";
    let body = format!(
        "Content-Type: application/x-ndjson\r\nContent-Length: {}\r\n\r\n{recipients}",
        recipients.len()
    );
    let batch = format!("POST /v1/coupon-list/{list}/allocations/batch");
    let (head, body) = answer_to_1_0(&app, &batch, &body).await;
    assert!(!head.contains("transfer-encoding"), "{head}");
    let users: Vec<_> = body
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["user_id"].clone())
        .collect();
    assert_eq!(users, ["bob", "eve"], "{body}");
}

/// A length ends the answer for them too.
#[tokio::test]
async fn an_old_client_may_keep_its_connection_where_the_length_is_known() {
    let app = TestApp::start().await;
    let get = "GET /v1/coupon-list HTTP/1.0\r\n";
    let credentials = app.credentials.basic();
    let kept = format!("{get}Authorization: {credentials}\r\nConnection: keep-alive\r\n\r\n");
    let last = format!("{get}Authorization: {credentials}\r\n\r\n");
    let answers = app.raw(format!("{kept}{last}").as_bytes()).await;
    assert_eq!(answers.matches("{\"data\":[]}").count(), 2, "{answers}");
}
