//! Bodies made to take far more memory than they have bytes.

use crate::app::{TestApp, send, texts};
use reqwest::{Method, header};

/// A quarter of what a batch may have, for the time it takes a program that was not optimised.
const BYTES: usize = 4 * 1024 * 1024;
/// What such a body may take, in KiB: itself, and twice to thrice that for the places of its keys.
const GROWTH: u64 = 24 * 1024;

/// So many of these items, parted by commas.
fn many(item: &str) -> String {
    let number = BYTES / (item.len() + 1) - 20;
    vec![item; number].join(",")
}

fn keys() -> String {
    let number = BYTES / 11;
    let keys: Vec<String> = (0..number).map(|n| format!("\"{n:06x}\":0")).collect();
    keys.join(",")
}

#[tokio::test]
async fn no_body_takes_much_more_memory_than_its_own_length() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1"]).await;
    let path = format!("/coupon-list/{list}/allocations/batch");
    let post = async |body: String| {
        let request = app.request(Method::POST, &path);
        send(
            request
                .header(header::CONTENT_TYPE, "application/json")
                .body(body),
        )
        .await
    };
    let one = r#""recipients":[{"user_id":"u"}]"#;
    post(format!("{{{one}}}")).await.expect(200);
    let mut grown = Vec::new();
    for (what, body, status) in [
        (
            "objects as recipients",
            format!("{{\"recipients\":[{}]}}", many(r#"{"a":0}"#)),
            400,
        ),
        (
            "arrays in arrays as recipients",
            format!("{{\"recipients\":[{}]}}", many("[[[[]]]]")),
            400,
        ),
        (
            "zeros nobody asked for",
            format!("{{{one},\"x\":[{}]}}", many("0")),
            400,
        ),
        (
            "objects nobody asked for",
            format!("{{{one},\"x\":[{}]}}", many(r#"{"":{}}"#)),
            400,
        ),
        ("keys nobody asked for", format!("{{{one},{}}}", keys()), 400),
        (
            "keys within what nobody asked for",
            format!("{{{one},\"x\":{{{}}}}}", keys()),
            400,
        ),
        (
            "objects as a user",
            format!("{{\"recipients\":[{{\"user_id\":[{}]}}]}}", many(r#"{"a":{}}"#)),
            200,
        ),
        (
            "a long text as a user",
            format!("{{\"recipients\":[{{\"user_id\":\"{}\"}}]}}", "x".repeat(BYTES)),
            200,
        ),
        (
            "a key twice, at the very end",
            format!("{{{one},{},\"000000\":0}}", keys()),
            400,
        ),
    ] {
        let before = app.memory();
        let answer = post(body).await;
        grown.push((app.peak_memory().saturating_sub(before), what));
        let answer = answer.expect(status);
        if what.ends_with("user") {
            let item = &answer["data"][0];
            assert_eq!(item["user_id"], serde_json::Value::Null, "{what}");
        }
        if what.ends_with("recipients") {
            let message = answer["error"]["message"].as_str().unwrap();
            assert!(
                message.contains("must be an array of 1 to 10000 recipients"),
                "{message}"
            );
        }
        if what.ends_with("end") {
            assert_eq!(answer["error"]["message"], texts::INCORRECT_JSON);
        }
    }
    grown.sort_unstable();
    assert!(grown.iter().all(|(kib, _)| *kib <= GROWTH), "{grown:#?}");
}
