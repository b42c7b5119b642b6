//! Bad requests for usage reports, and bent links to them.

use std::iter;

use reqwest::Method;
use serde_json::{Value, json};

use super::{INVALID, Victim, assert_refused};
use crate::{
    app::{TestApp, send, text, texts, with},
    usage_report::{day, report},
};

fn bad_days() -> Vec<Value> {
    let mut days: Vec<Value> = [
        "",
        "today",
        "2026-02-30",
        "2026-13-01",
        "2026-00-10",
        "2026-1-1",
        "01-01-2026",
        "20260101",
        "2026/01/01",
        " 2026-01-01",
        "2026-01-01\u{0}",
        "2026-01-01T00:00:00Z",
        "99999999-01-01",
        "-2026-01-01",
        "0000-00-00",
        "0000-01-01",
        "9999-12-31",
        "２０２６-01-01",
    ]
    .into_iter()
    .map(Value::from)
    .collect();
    days.extend([
        json!(1_793_440_000),
        json!(true),
        json!(["2026-01-01"]),
        json!({"day": "2026-01-01"}),
    ]);
    days
}

fn bad_addresses() -> Vec<Value> {
    let many: Vec<String> = (0..51).map(|n| format!("a{n}@example.com")).collect();
    vec![
        json!([]),
        json!("ann@example.com"),
        json!({"0": "ann@example.com"}),
        json!(5),
        json!([null]),
        json!([5]),
        json!(["ann"]),
        json!([""]),
        json!(["ann@example.com\r\nBcc: eve@example.com"]),
        json!(["ann@example.com,eve@example.com"]),
        json!(["Ann <ann@example.com>"]),
        json!(["a\u{0}@example.com"]),
        json!(["ann@example.com", "bad"]),
        json!(many),
    ]
}

/// Row 36 of docs/MIGRATING.md.
#[tokio::test]
async fn no_report_is_made_from_bad_fields() {
    let victim = Victim::new().await;
    let today = day(&victim.app, 0).await;
    let good = json!({"start_date": today, "end_date": today, "email_subscribers": ["ann@example.com"]});
    for (key, values) in [
        ("start_date", bad_days()),
        ("end_date", bad_days()),
        ("email_subscribers", bad_addresses()),
    ] {
        for value in values {
            let body = with(good.clone(), json!({key: value}));
            let answer = victim.app.post(&victim.path("/usage-report"), &body).await;
            assert_refused(&answer, INVALID, &format!("{key}: {value}"));
        }
    }
    for body in [json!({}), json!({"start_date": null})] {
        let answer = victim.app.post(&victim.path("/usage-report"), &body).await;
        let message = answer.expect_error(400, "missing-mandatory-attributes");
        assert_eq!(message, texts::missing_key("start_date"));
    }
    victim.assert_unharmed().await;
}

#[tokio::test]
async fn no_report_goes_outside_the_permitted_domains() {
    let app = TestApp::start_with(|environment| {
        environment.insert("COUPONRY_MAIL_DOMAINS".to_owned(), "example.com".to_owned());
    })
    .await;
    let path = format!("/coupon-list/{}/usage-report", app.create_list().await);
    let today = day(&app, 0).await;
    for address in [
        "eve@example.net",
        "eve@example.com.example.net",
        "eve@notexample.com",
    ] {
        let addresses = ["ann@example.com", address];
        let body = json!({"start_date": today, "end_date": today, "email_subscribers": addresses});
        assert_refused(&app.post(&path, &body).await, INVALID, address);
    }
    assert_eq!(app.get(&path).await.text, r#"{"data":[]}"#);
}

const BENT: &[&str] = &[
    "signature=",
    "signature=x",
    "signature=%00",
    "signature=%ff",
    "signature=x&signature=y",
    "expires=1&signature=x",
    "expires=&signature=x",
    "expires=-1&signature=x",
    "expires=soon&signature=x",
    "expires=1.5&signature=x",
    "expires=9223372036854775807&signature=x",
    "expires=9223372036854775808&signature=x",
    "expires=1e400&signature=x",
    "expires=1&expires=2&signature=x",
];

#[tokio::test]
async fn a_link_that_was_made_up_opens_nothing_and_keeps_credentials_from_nothing() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1"]).await;
    let ready = report(&app, &list).await;
    let known = format!("/usage-report/{}/download", text(&ready["_id"]));
    let unknown = format!("/usage-report/{}/download", texts::UNKNOWN_ID);
    let long = format!("signature={}", "0".repeat(20_000));
    // Fewer guesses than make an address slow, however fast they are made.
    let all = BENT.iter().copied().chain([long.as_str()]);
    for (n, query) in all.enumerate() {
        let nowhere = [unknown.as_str(), "/usage-report/%00/download"];
        for path in iter::once(known.as_str()).chain([nowhere[n % 2]]) {
            let linked = format!("{path}?{query}");
            let answer = send(app.anonymous(Method::GET, &format!("/v1{linked}"))).await;
            assert_eq!(
                answer.expect_error(404, "not-found"),
                texts::NOT_FOUND,
                "{linked}"
            );
            let answer = app.get(&linked).await;
            assert_eq!(answer.status, if path == known { 200 } else { 404 }, "{linked}");
        }
    }
    // Without a signature it is no link, and the credentials decide.
    for (query, status) in [
        ("", 200),
        ("expires=1", 200),
        ("Signature=x", 400),
        ("x=%00", 400),
    ] {
        let path = format!("{known}?{query}");
        send(app.anonymous(Method::GET, &format!("/v1{path}")))
            .await
            .expect_error(401, "request-unauthenticated");
        assert_eq!(app.get(&path).await.status, status, "{path}");
    }
    app.forget_mails().await;
}
