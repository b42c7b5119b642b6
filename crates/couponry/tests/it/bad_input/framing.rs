//! Requests that no HTTP library would send.

use futures_util::future::join_all;

use super::Victim;

/// The status of the one answer that came, if any came before the connection was closed.
#[track_caller]
fn status_of(answer: &str, what: &str) -> Option<u16> {
    let answers = answer.matches("HTTP/1.1 ").count();
    assert!(answers <= 1, "{what}: {answers} answers: {answer}");
    answer.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

impl Victim {
    /// The head of an authorized request that says what a body would need.
    fn head(&self, request_line: &str) -> String {
        format!(
            "{request_line}\r\nHost: couponry\r\nAuthorization: {}\r\nConnection: close\r\n",
            self.app.credentials.basic()
        )
    }

    async fn assert_refused_or_closed(&self, what: &str, bytes: &[u8]) {
        let answer = self.app.raw(bytes).await;
        if let Some(status) = status_of(&answer, what) {
            assert!((400..500).contains(&status), "{what}: {answer}");
        }
    }
}

#[tokio::test]
async fn broken_framing_is_refused_and_hurts_nobody_else() {
    let victim = Victim::new().await;
    let post = victim.head(&format!("POST /v1{} HTTP/1.1", victim.path("/allocations")));
    let get = victim.head("GET /v1/coupon-list HTTP/1.1");
    let json = "Content-Type: application/json\r\n";
    let body = r#"{"user_id":"smuggled"}"#;
    let length = body.len();
    let other = body.len() + 7;
    for (what, request) in [
        (
            "two different lengths",
            format!("{post}{json}Content-Length: {length}\r\nContent-Length: {other}\r\n\r\n{body}"),
        ),
        (
            "a length that is none",
            format!("{post}{json}Content-Length: many\r\n\r\n{body}"),
        ),
        (
            "a negative length",
            format!("{post}{json}Content-Length: -1\r\n\r\n{body}"),
        ),
        (
            "a length with a sign",
            format!("{post}{json}Content-Length: +{length}\r\n\r\n{body}"),
        ),
        (
            "chunks and a length",
            format!(
                "{post}{json}Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{get}\r\n"
            ),
        ),
        (
            "a length, and the end of the connection",
            format!("{post}{json}Upgrade: websocket\r\nContent-Length: {length}\r\n\r\n{body}"),
        ),
        (
            "unknown transfer coding",
            format!("{post}{json}Transfer-Encoding: xchunked\r\n\r\n{body}"),
        ),
        (
            "chunk size that is none",
            format!("{post}{json}Transfer-Encoding: chunked\r\n\r\nzz\r\n{body}\r\n0\r\n\r\n"),
        ),
        (
            "endless chunk size",
            format!("{post}{json}Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{body}"),
        ),
        ("a folded header", format!("{get}X: a\r\n b\r\n\r\n")),
        ("a header that is folded first", {
            "GET /v1/coupon-list HTTP/1.1\r\n Host: couponry\r\n\r\n".to_owned()
        }),
        (
            "a host that is none",
            post.replace("Host: couponry", "Host: a b/c@")
                + &format!("{json}Content-Length: {length}\r\n\r\n{body}"),
        ),
        ("no host", get.replace("Host: couponry\r\n", "") + "\r\n"),
        ("two hosts", format!("{get}Host: other.example.com\r\n\r\n")),
        ("header without a name", format!("{get}: x\r\n\r\n")),
        ("header without a colon", format!("{get}nonsense\r\n\r\n")),
        ("blank in a header name", format!("{get}X Y: z\r\n\r\n")),
        ("NUL in a header", format!("{get}X: a\0b\r\n\r\n")),
        ("bare CR in a header", format!("{get}X: a\rb\r\n\r\n")),
        ("huge header", format!("{get}X: {}\r\n\r\n", "x".repeat(1 << 20))),
        ("many headers", format!("{get}{}\r\n", "X: y\r\n".repeat(5000))),
        ("no version", "GET /v1/coupon-list\r\n\r\n".to_owned()),
        (
            "unknown version",
            "GET /v1/coupon-list HTTP/7.7\r\nHost: x\r\n\r\n".to_owned(),
        ),
        ("no request", "\u{1}\u{2}\u{3}\r\n\r\n".to_owned()),
        (
            "a request for TLS",
            "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\r\n\r\n".to_owned(),
        ),
    ] {
        victim.assert_refused_or_closed(what, request.as_bytes()).await;
    }
    victim.assert_unharmed().await;
}

#[tokio::test]
async fn odd_paths_name_nothing() {
    let victim = Victim::new().await;
    let long = "a".repeat(5000);
    for path in [
        "/v1/coupon-list/..",
        "/v1/coupon-list/../../etc/passwd",
        "/v1/coupon-list/%2e%2e/%2e%2e/etc/passwd",
        "/v1/coupon-list/..%2f..%2fetc%2fpasswd",
        "/v1/coupon-list/%00",
        "/v1/coupon-list/%ff%fe",
        "/v1/coupon-list/%",
        "/v1/coupon-list/%zz",
        "/v1//coupon-list",
        "//v1/coupon-list",
        &format!("/v1/coupon-list/{long}"),
        &format!("/v1/coupon-list/{}", "%00".repeat(2000)),
        &format!("/v1/coupon-list/x?{}=1", "a".repeat(60_000)),
        "/v1/coupon-list/\u{fc}\u{f6}",
        "*",
        "http://other.example.com/v1/nothing",
    ] {
        let head = victim.head(&format!("GET {path} HTTP/1.1"));
        let what = &path[..path.len().min(40)];
        victim
            .assert_refused_or_closed(what, format!("{head}\r\n").as_bytes())
            .await;
    }
    victim.assert_unharmed().await;
}

#[tokio::test]
async fn a_huge_announced_body_is_refused_before_it_comes() {
    let victim = Victim::new().await;
    let (json, form) = ("application/json", "multipart/form-data; boundary=XX");
    let announce = async |path: &str, kind: &str| {
        let head = victim.head(&format!("POST /v1{} HTTP/1.1", victim.path(path)));
        let request = format!("{head}Content-Type: {kind}\r\nContent-Length: 200000000\r\n\r\n{{");
        let answer = victim.app.raw(request.as_bytes()).await;
        assert_eq!(status_of(&answer, path), Some(413), "{path}: {answer}");
    };
    join_all([
        announce("/allocations", json),
        announce("/allocations/batch", json),
        announce("/files", json),
        announce("/files/upload", form),
        announce("/usage-report", json),
    ])
    .await;
    victim.assert_unharmed().await;
}
