//! Bodies that drip, pause, or have no end.

use futures_util::future::join_all;
use reqwest::Method;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

use super::{assert_honest_clients_are_served, drip};
use crate::{
    app::{Answer, Client, TestApp, codes, file_part, in_time, part, send, until, wait_for, whole},
    connections::{connect, head, impatient, write_until_closed},
};

/// A request whose body has begun.
async fn begin(app: &TestApp, path: &str, kind: &str, length: Option<usize>, body: &[u8]) -> TcpStream {
    let mut connection = connect(app).await;
    let length = length.map_or_else(
        || "Transfer-Encoding: chunked".to_owned(),
        |length| format!("Content-Length: {length}"),
    );
    let head = head(app, &format!("POST /v1{path}"));
    let head = format!("{head}Content-Type: {kind}\r\n{length}\r\n\r\n");
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.write_all(body).await.unwrap();
    connection
}

#[tokio::test]
async fn a_body_that_drips_is_given_up_whatever_it_is() {
    let app = impatient().await;
    let list = app.list_with(&codes("A", 10)).await;
    let path = |rest: &str| format!("/coupon-list/{list}/{rest}");
    let (json, form) = ("application/json", "multipart/form-data; boundary=XX");
    let file = file_part(b"Coupon Code\n");
    let (open_file, _) = file.split_at(file.len() - 2);
    for (path, kind, length, body, byte) in [
        (path("allocations"), json, Some(60_000), &b"{"[..], &b" "[..]),
        (path("allocations"), json, None, b"1\r\n{\r\n", b"1\r\n \r\n"),
        (path("allocations/batch"), json, Some(10_000_000), b"{", b" "),
        (path("files/upload"), form, Some(60_000_000), open_file, b"A"),
        // Between two parts.
        (path("files/upload"), form, Some(60_000_000), b"", b"\r"),
    ] {
        let mut connection = begin(&app, &path, kind, length, body).await;
        assert_eq!(drip(&mut connection, byte).await, Some(408), "{path} {body:?}");
        assert_honest_clients_are_served(&app, &list, &format!("{path} {}", body.len())).await;
    }
    until("nothing to be kept of the files", async || {
        pieces(&app).await == 0
    })
    .await;
}

async fn pieces(app: &TestApp) -> i64 {
    sqlx::query_scalar("select count(*) from upload_piece")
        .fetch_one(&mut app.database.connect().await)
        .await
        .unwrap()
}

#[tokio::test]
async fn lines_that_do_not_come_end_the_request_with_a_line_that_says_so() {
    let app = impatient().await;
    let list = app.list_with(&codes("A", 10)).await;
    let path = format!("/coupon-list/{list}/allocations/batch");
    let first = b"{\"user_id\":\"u-1\"}\n";
    let mut connection = begin(&app, &path, "application/x-ndjson", Some(60_000), first).await;
    let (answers, mut lines) = connection.split();
    let mut answers = BufReader::new(answers).lines();
    let ended = wait_for("the last line", async || {
        // Blank lines ask for nothing.
        lines.write_all(b"\n").await.ok();
        let line = tokio::time::timeout(std::time::Duration::from_millis(5), answers.next_line()).await;
        let line = line.ok()?.ok()??;
        line.contains("request-timeout").then_some(line)
    })
    .await;
    assert!(ended.contains("\"user_id\":null"), "{ended}");
    assert_honest_clients_are_served(&app, &list, "u-2").await;
}

/// A form of parts without end, and without a length.
#[tokio::test]
async fn a_form_without_end_is_refused_once_it_is_longer_than_any_may_be() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let path = format!("/coupon-list/{list}/files/upload");
    let mut connection = begin(&app, &path, "multipart/form-data; boundary=XX", None, b"").await;
    let note = format!("X-Note: {}\r\n", "x".repeat(30_000));
    let part = part("name=\"name\"", &note, b"x").repeat(10);
    let chunk = [format!("{:x}\r\n", part.len()).as_bytes(), &part, b"\r\n"].concat();
    let mut answer = [0; 12];
    in_time("an answer", async {
        while connection.try_read(&mut answer).is_err() {
            if connection.write_all(&chunk).await.is_err() {
                connection.read_exact(&mut answer).await.unwrap();
                break;
            }
        }
    })
    .await;
    assert_eq!(&answer, b"HTTP/1.1 413");
}

/// Sends a file that is whole.
async fn upload(client: &Client, list: &str) -> Answer {
    let request = client.request(Method::POST, &format!("/coupon-list/{list}/files/upload"));
    let request = request.header("content-type", "multipart/form-data; boundary=XX");
    send(request.body(whole(&[file_part(b"Coupon Code\nA-1")]))).await
}

#[tokio::test]
async fn one_workspace_sends_some_files_at_once_and_another_its_own() {
    let app = TestApp::start().await;
    let other = app.create_workspace(&["--name", "Other"]);
    let (list, others) = (app.create_list().await, other.create_list().await);
    let path = format!("/coupon-list/{list}/files/upload");
    let form = "multipart/form-data; boundary=XX";
    let mut open = Vec::new();
    until("all places to be taken", async || {
        // One that came too late is closed.
        open.push(begin(&app, &path, form, Some(60_000_000), b"").await);
        let answer = upload(&app, &list).await;
        answer.status == 503 && answer.header("retry-after").is_some()
    })
    .await;
    upload(&other, &others).await.expect(201);
    // One that hangs up makes room.
    drop(open);
    until("there to be room again", async || {
        upload(&app, &list).await.status == 201
    })
    .await;
    app.jobs_done().await;
}

/// What they may take together, in KiB: room for bodies, and what connections buffer.
const GROWTH: u64 = 48 * 1024;

#[tokio::test]
async fn an_endless_body_ends_on_every_route() {
    let app = impatient().await;
    let list = app.list_with(&codes("A", 10)).await;
    // One of the routes archives it, whatever the body.
    let harmed = app.create_list().await;
    let document = send(app.anonymous(Method::GET, "/openapi.json"))
        .await
        .expect(200);
    let before = app.memory();
    let mut floods = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path.replace("{coupon_list_id}", &harmed).replace(['{', '}'], "");
        for (method, operation) in methods.as_object().unwrap() {
            let bodies = operation["requestBody"]["content"].as_object();
            let mut kinds: Vec<&str> = bodies.into_iter().flatten().map(|(kind, _)| &**kind).collect();
            if kinds.is_empty() {
                kinds.push("application/json");
            }
            for kind in kinds {
                let line = format!("{} {path}", method.to_uppercase());
                let kind = kind.replace("form-data", "form-data; boundary=XX");
                floods.push(flood(&app, line, kind));
            }
        }
    }
    assert!(floods.len() > 50);
    join_all(floods).await;
    let grown = app.peak_memory().saturating_sub(before);
    assert!(grown < GROWTH, "{grown} KiB");
    assert_honest_clients_are_served(&app, &list, "u-1").await;
}

/// Sends the beginning of what the route takes, and then more and more of it.
async fn flood(app: &TestApp, line: String, kind: String) {
    let mut connection = connect(app).await;
    let head = head(app, &line);
    let head = format!("{head}Content-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n");
    let begin: &[u8] = if kind.starts_with("multipart") {
        b"--XX\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n"
    } else {
        b"{\"user_id\":\""
    };
    let chunk = |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.write_all(&chunk(begin)).await.ok();
    write_until_closed(&mut connection, &chunk(&[b'x'; 16_000])).await;
}
