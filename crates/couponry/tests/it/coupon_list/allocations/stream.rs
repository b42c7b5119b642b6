//! `POST /v1/coupon-list/{coupon_list_id}/allocations/batch` with `Content-Type: application/x-ndjson`. That a request
//! of more than a million lines is cut off is not tested here: it would take longer than all other tests together.

use reqwest::{Method, header};
use serde_json::{Value, json};

use crate::app::{TestApp, assert_all_different, codes, send, text, texts, with};

/// One line for each of this many users.
fn lines(prefix: &str, number: usize) -> String {
    let line = |n| format!("{{\"user_id\":\"{prefix}-{n}\"}}\n");
    (0..number).map(line).collect()
}

#[tokio::test]
async fn each_line_is_answered_in_its_place() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 3000)).await;
    let answers = app.stream_lines(&list, "", lines("u", 2500)).await;
    assert_eq!(answers.len(), 2500);
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!(answer["user_id"], format!("u-{n}"));
        assert_eq!(answer["status"], "ALLOCATED");
    }
    assert_all_different(answers.iter().map(|answer| text(&answer["coupon_code"])));
    assert_eq!(app.counts(&list).await, (3000, 500));
}

#[tokio::test]
async fn a_line_is_answered_as_a_request_of_its_own_would_be() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 5)).await;
    let line = json!({"user_id": "u", "request_id": "r"});
    let answers = app.stream_lines(&list, "", line.to_string()).await;
    let alone = app.allocate(&list, &line).await.expect(200);
    assert_eq!(answers, [alone]);
}

#[tokio::test]
async fn blank_lines_are_passed_over_and_line_ends_are_of_either_kind() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 5)).await;
    let body = "\n\r\n  \n{\"user_id\":\"a\"}\r\n\n \t {\"user_id\":\"b\"} \n\n{\"user_id\":\"c\"}";
    let answers = app.stream_lines(&list, "", body).await;
    let users: Vec<&str> = answers.iter().map(|answer| text(&answer["user_id"])).collect();
    assert_eq!(users, ["a", "b", "c"]);
    for nothing in ["", "\n", " \r\n\n"] {
        assert!(app.stream_lines(&list, "", nothing).await.is_empty());
    }
    assert_eq!(app.counts(&list).await, (5, 2));
}

#[tokio::test]
async fn a_bad_line_fails_alone() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 50)).await;
    let padded = |bytes: usize| {
        let line = r#"{"user_id":"long"}"#;
        line.replace(':', &format!(":{}", " ".repeat(bytes - line.len())))
    };
    let bad = [
        ("nonsense".to_owned(), "invalid-request", Value::Null),
        ("[1]".to_owned(), "invalid-request", Value::Null),
        ("null".to_owned(), "invalid-request", Value::Null),
        (
            r#"{"user_id":"a"} {"user_id":"b"}"#.to_owned(),
            "invalid-request",
            Value::Null,
        ),
        (
            r#"{"user_id":"a","user_id":"b"}"#.to_owned(),
            "invalid-request",
            Value::Null,
        ),
        ("{}".to_owned(), "missing-mandatory-attributes", Value::Null),
        (
            r#"{"user_id":null}"#.to_owned(),
            "missing-mandatory-attributes",
            Value::Null,
        ),
        (r#"{"user_id":7}"#.to_owned(), "invalid-request", json!(7)),
        (r#"{"user_id":""}"#.to_owned(), "invalid-request", json!("")),
        (
            r#"{"user_id":"u","request_id":"a\u0000"}"#.to_owned(),
            "invalid-request",
            json!("u"),
        ),
        (padded(4097), "payload-too-large", Value::Null),
        (padded(100_000), "payload-too-large", Value::Null),
    ];
    let mut body = padded(4096) + "\n";
    for (n, (line, ..)) in bad.iter().enumerate() {
        body += line;
        body += &[
            String::from("\n"),
            json!({"user_id": format!("good-{n}")}).to_string(),
            String::from("\n"),
        ]
        .concat();
    }
    let answers = app.stream_lines(&list, "", body).await;
    assert_eq!(answers.len(), 1 + 2 * bad.len());
    assert_eq!(answers[0]["status"], "ALLOCATED");
    for (n, ((line, code, user), pair)) in bad.iter().zip(answers[1..].chunks(2)).enumerate() {
        assert_eq!(pair[0]["error"]["code"], *code, "{line:.60}: {}", pair[0]);
        assert_eq!(pair[0]["user_id"], *user, "{line:.60}");
        assert_eq!(pair[1]["user_id"], format!("good-{n}"));
        assert_eq!(pair[1]["status"], "ALLOCATED");
    }
    assert_eq!(app.counts(&list).await, (50, 49 - 12));
}

#[tokio::test]
async fn a_line_that_is_no_text_fails_alone() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 5)).await;
    let path = format!("/coupon-list/{list}/allocations/batch");
    let body = b"{\"user_id\":\"\xff\"}\n{\"user_id\":\"good\"}\n".to_vec();
    let request = app
        .request(Method::POST, &path)
        .header(header::CONTENT_TYPE, "application/x-ndjson");
    let answer = send(request.body(body)).await;
    let lines: Vec<&str> = answer.text.lines().collect();
    assert!(
        lines[0].contains("invalid-request") && lines[1].contains("\"good\""),
        "{lines:?}"
    );
}

#[tokio::test]
async fn the_same_request_again_gets_the_same_codes() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 3000)).await;
    let body = lines("u", 1500);
    let first = app.stream(&list, "", body.clone()).await;
    assert_eq!(app.stream(&list, "", body).await.text, first.text);
    assert_eq!(app.counts(&list).await, (3000, 1500));
    // The lines may as well come as one batch, and a line twice in one request.
    let answers = app
        .stream_lines(&list, "", format!("{}{}", lines("u", 1), lines("u", 2)))
        .await;
    assert_eq!(answers[0], answers[1]);
    let recipients = json!([{"user_id": "u-0"}, {"user_id": "u-1"}]);
    let batch = app
        .allocate_batch(&list, &json!({"recipients": recipients}))
        .await
        .expect(200);
    assert_eq!(
        (&batch["data"], &batch["repeated"]),
        (&json!(answers[1..]), &json!(2))
    );
}

#[tokio::test]
async fn campaign_and_hold_come_with_the_query() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 5)).await;
    let query = "?campaign_id=c-1&campaign_name=Spring+%26+more&campaign_channel=Email&campaign_delivery_type=Once\
                 &campaign_sent_at=2026-11-22T10:00:00Z&campaign_locale=de&campaign_variation=B&hold_seconds=600";
    let answers = app.stream_lines(&list, query, lines("u", 2)).await;
    for (n, answer) in answers.iter().enumerate() {
        let body = json!({"user_id": format!("u-{n}"), "campaign": {"id": "c-1"}});
        assert_eq!(
            (&answer["status"], &answer["campaign_id"]),
            (&json!("HELD"), &json!("c-1"))
        );
        // (campaign, user) was the key.
        assert_eq!(&app.allocate(&list, &body).await.expect(200), answer);
    }
    let conflict = json!({"user_id": "u-0", "request_id": "r", "campaign": {"id": "c-2"}});
    app.allocate(&list, &conflict).await.expect(201);
    let line = json!({"user_id": "u-0", "request_id": "r"}).to_string();
    let answers = app.stream_lines(&list, query, line).await;
    assert_eq!(answers[0]["error"]["code"], "request-conflict");
    for bad in [
        "?hold_seconds=0",
        "?hold_seconds=604801",
        "?hold_seconds=x",
        "?hold_seconds=1&hold_seconds=1",
        "?campaign_name=Spring",
        "?campaign_id=",
        "?campaign_id=c&campaign_sent_at=yesterday",
    ] {
        let answer = app.stream(&list, bad, lines("bad", 1)).await;
        assert_eq!(answer.status, 400, "{bad}");
        answer.error();
    }
    assert_eq!(app.stock(&list).await, [5, 2, 2, 1, 0, 0]);
}

#[tokio::test]
async fn what_cannot_be_served_is_told_line_by_line() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 3)).await;
    let known = app.give(&list, "u-0").await;
    let released = app.give(&list, "u-1").await;
    app.release(&list, &released).await.expect(200);
    let refusals = |answers: &[Value]| -> Vec<String> {
        let code = |answer: &Value| answer["error"]["code"].as_str().unwrap_or("served").to_owned();
        answers.iter().map(code).collect()
    };
    let answers = app.stream_lines(&list, "", lines("u", 5)).await;
    assert_eq!(
        refusals(&answers),
        [
            "served",
            "allocation-released",
            "served",
            "served",
            "coupons-exhausted"
        ]
    );
    app.archive(&list).await;
    let answers = app.stream_lines(&list, "", lines("u", 5)).await;
    assert_eq!(answers[0], known);
    assert_eq!(
        refusals(&answers)[1..],
        [
            "allocation-released",
            "served",
            "served",
            "coupon-list-not-active"
        ]
    );
    let expected = with(answers[4].clone(), json!({"user_id": "u-4"}));
    assert_eq!(answers[4], expected);
}

#[tokio::test]
async fn an_unknown_list_reads_no_lines() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1"]).await;
    app.stream(texts::UNKNOWN_ID, "", lines("u", 1))
        .await
        .expect_error(404, "coupon-list-not-found");
    let path = format!("/coupon-list/{list}/allocations/batch");
    let request = app
        .request(Method::POST, &path)
        .header(header::CONTENT_TYPE, "application/x-ndjson")
        .header(header::CONTENT_ENCODING, "gzip");
    send(request.body(lines("u", 1)))
        .await
        .expect_error(415, "unsupported-media-type");
    assert_eq!(app.counts(&list).await, (1, 1));
}
