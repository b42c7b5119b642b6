//! The same, on connections that are slow or break.

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use crate::app::{Client, TestApp, assert_all_different, codes, in_time, text, until, wait_for};

/// A request whose lines are sent in pieces, and whose answers are read while it is under way.
struct Conversation {
    answers: BufReader<OwnedReadHalf>,
    lines: OwnedWriteHalf,
}

impl Conversation {
    async fn begin(app: &Client, list: &str) -> Self {
        let connection = TcpStream::connect(app.address).await.unwrap();
        let (answers, mut lines) = connection.into_split();
        let head = format!(
            "POST /v1/coupon-list/{list}/allocations/batch HTTP/1.1\r\nHost: couponry\r\nAuthorization: {}\r\n\
             Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n",
            app.credentials.basic()
        );
        lines.write_all(head.as_bytes()).await.unwrap();
        let answers = BufReader::new(answers);
        Self { answers, lines }
    }

    /// The head of the answer.
    async fn head(&mut self) -> String {
        in_time("the head of an answer", async {
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                assert!(self.answers.read_line(&mut head).await.unwrap() > 0, "{head}");
            }
            head
        })
        .await
    }

    /// Sends this as a chunk of its own.
    async fn send(&mut self, text: &str) {
        let chunk = format!("{:x}\r\n{text}\r\n", text.len());
        self.lines.write_all(chunk.as_bytes()).await.unwrap();
    }

    /// The next answer: the next line that is an object, whatever stands between (the head, the chunks' lengths).
    async fn answer(&mut self) -> Value {
        in_time("an answer", async {
            loop {
                let mut line = String::new();
                let read = self.answers.read_line(&mut line).await.unwrap();
                assert!(read > 0, "the connection ended");
                if line.starts_with('{') {
                    return serde_json::from_str(&line).unwrap();
                }
            }
        })
        .await
    }

    async fn end(mut self) {
        self.lines.write_all(b"0\r\n\r\n").await.unwrap();
        in_time("the answer to end", async {
            let mut line = String::new();
            while line != "0\r\n" {
                line.clear();
                self.answers.read_line(&mut line).await.unwrap();
            }
        })
        .await;
    }
}

fn line(user: usize) -> String {
    format!("{{\"user_id\":\"u-{user}\"}}\n")
}

#[tokio::test]
async fn answers_come_before_the_request_ends() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 10)).await;
    let mut conversation = Conversation::begin(&app, &list).await;
    for round in 0..3 {
        conversation
            .send(&format!("{}{}", line(2 * round), line(2 * round + 1)))
            .await;
        for user in [2 * round, 2 * round + 1] {
            assert_eq!(conversation.answer().await["user_id"], format!("u-{user}"));
        }
        let taken = i64::try_from(2 * (round + 1)).unwrap();
        assert_eq!(app.counts(&list).await, (10, 10 - taken));
    }
    conversation.end().await;
    assert_eq!(app.counts(&list).await, (10, 4));
}

#[tokio::test]
async fn a_line_may_come_in_pieces() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 10)).await;
    let mut conversation = Conversation::begin(&app, &list).await;
    for piece in ["{\"user", "_id\":\"u-", "0\"}", "\n{\"user_id\":\"u-1\"}\n{\"us"] {
        conversation.send(piece).await;
    }
    for user in 0..2 {
        assert_eq!(conversation.answer().await["user_id"], format!("u-{user}"));
    }
    // The last line needs no end.
    conversation.send("er_id\":\"u-2\"}").await;
    conversation.lines.write_all(b"0\r\n\r\n").await.unwrap();
    assert_eq!(conversation.answer().await["user_id"], "u-2");
    assert_eq!(app.counts(&list).await, (10, 7));
}

#[tokio::test]
async fn a_connection_that_breaks_loses_nothing() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 5000)).await;
    let mut served = Vec::new();
    for round in 0..4 {
        // Each sender is told of a few and hangs up; more of its lines may or may not have been served.
        let mut conversation = Conversation::begin(&app, &list).await;
        let lines: String = (0..500).map(|n| line(round * 500 + n)).collect();
        conversation.send(&lines).await;
        for _ in 0..10 {
            served.push(conversation.answer().await);
        }
        // Half a line is no recipient.
        let half = format!("5\r\n{{\"use\r\n{{\"user_id\":\"half-{round}\"");
        conversation.lines.write_all(half.as_bytes()).await.ok();
        drop(conversation);
    }
    let lines: String = (0..2000).map(line).collect();
    let again = app.stream_lines(&list, "", lines.clone()).await;
    for answer in &served {
        let same = again.iter().find(|one| one["user_id"] == answer["user_id"]);
        assert_eq!(same, Some(answer));
    }
    assert_all_different(again.iter().map(|answer| text(&answer["coupon_code"])));
    until("no session to be left in a transaction", async || {
        app.database.idle_in_transaction().await == 0
    })
    .await;
    assert_eq!(app.stock(&list).await, [5000, 3000, 0, 2000, 0, 0]);
    assert_eq!(app.stream_lines(&list, "", lines).await, again);
}

#[tokio::test]
async fn one_workspace_has_some_streams_at_once_and_another_its_own() {
    let app = TestApp::start().await;
    let other = app.create_workspace(&["--name", "Other"]);
    let list = app.create_list().await;
    let others = other.create_list().await;
    let mut open = Vec::new();
    for _ in 0..16 {
        let mut conversation = Conversation::begin(&app, &list).await;
        assert!(conversation.head().await.starts_with("HTTP/1.1 200"));
        open.push(conversation);
    }
    let head = Conversation::begin(&app, &list).await.head().await;
    assert!(head.starts_with("HTTP/1.1 503"), "{head}");
    assert!(
        head.to_ascii_lowercase().contains("\r\nretry-after: 1\r\n"),
        "{head}"
    );
    let head = Conversation::begin(&other, &others).await.head().await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    // One that ends and one that breaks make room.
    open.pop().unwrap().end().await;
    open.pop();
    for _ in 0..2 {
        let next = wait_for("a stream to be taken", async || {
            let mut next = Conversation::begin(&app, &list).await;
            next.head().await.starts_with("HTTP/1.1 200").then_some(next)
        });
        open.push(next.await);
    }
}
