//! Bad fields of `POST /v1/coupon-list` and `PATCH /v1/coupon-list/{coupon_list_id}`

use serde_json::{Value, json};

use super::{INVALID, INVALID_OR_MISSING, Victim, assert_refused};
use crate::app::{a_list, with};

fn bad_texts() -> Vec<Value> {
    vec![
        json!(""),
        json!("   "),
        json!("\u{3000}"),
        json!(5),
        json!(true),
        json!(["x"]),
        json!({"x": 1}),
        json!("x".repeat(256)),
        json!("NUL \u{0} inside"),
        json!("line\r\nend"),
        json!("escape \u{1b}[31m"),
        json!("\u{85}"),
    ]
}

fn bad_labels() -> Vec<Value> {
    ["a]", "a}}", "a'b", "[a", "{{a", "a\tb"]
        .into_iter()
        .map(Value::from)
        .collect()
}

fn bad_dates() -> Vec<Value> {
    let mut dates: Vec<Value> = [
        "",
        "tomorrow",
        "2030-02-30",
        "2030-13-01",
        "2030-00-10",
        "2030-1-1",
        "01-01-2030",
        "2030/01/01",
        "20300101",
        "1893456000",
        "99999999-01-01",
        "-2030-01-01",
        "２０３０-01-01",
        "2030-01-01 ",
        " 2030-01-01",
        "2030-01-01\u{0}",
        "2030-01-01T25:00:00Z",
        "2030-01-01T10:00:00.000Zulu",
        "2030-01-01 10:00:00Z",
        "20300101T100000Z",
        "2030-01-01T10:00Z",
        "2030-01-01T10:00:00,5Z",
        "2030-01-01T10:00:00Z[UTC]",
        "2030-01-01T10:00:00+25:00",
        "+002030-01-01T10:00:00Z",
        "-005000-01-01T10:00:00Z",
        "2020-01-01",
        "2020-01-01T00:00:00.000Z",
        "0000-00-00",
    ]
    .into_iter()
    .map(Value::from)
    .collect();
    dates.extend([
        json!(1_893_456_000),
        json!(true),
        json!(["2030-01-01"]),
        json!({}),
    ]);
    dates
}

fn bad_subscribers() -> Vec<Value> {
    let many: Vec<String> = (0..51).map(|n| format!("a{n}@example.com")).collect();
    vec![
        json!("john@example.com"),
        json!({"0": "john@example.com"}),
        json!(5),
        json!([null]),
        json!([5]),
        json!([["john@example.com"]]),
        json!(["x"]),
        json!([""]),
        json!(["@example.com"]),
        json!(["a@example.com\r\nBcc: b@example.com"]),
        json!(["a@example.com,b@example.com"]),
        json!(["<a@example.com>"]),
        json!(["Jane <a@example.com>"]),
        json!(["a\u{0}@example.com"]),
        json!(["good@example.com", "bad"]),
        json!(many),
    ]
}

fn bad_alert_conditions() -> Vec<Value> {
    let mut bad = vec![
        json!("all"),
        json!(["success_alert"]),
        json!(5),
        json!({"success_alert": "true"}),
        json!({"failure_alert": 1}),
        json!({"expiry_alert": true}),
        json!({"expiry_alert": []}),
        json!({"coupon_shortage_alert": "always"}),
        json!({"coupon_shortage_alert": {"alert": "yes", "threshold_count": 1}}),
    ];
    for number in [
        json!(-1),
        json!(1.5),
        json!("7"),
        json!(9_223_372_036_854_775_808_u64),
        json!(1e300),
        json!([1]),
    ] {
        bad.push(json!({"coupon_shortage_alert": {"alert": true, "threshold_count": number}}));
        bad.push(json!({"expiry_alert": {"alert": true, "days_before": number}}));
    }
    bad.push(json!({"expiry_alert": {"alert": true, "days_before": 999_999_999}}));
    bad.push(json!({"coupon_shortage_alert": {"alert": false, "threshold_count": 100_000_001}}));
    bad
}

/// Rows 10 and 22 of docs/MIGRATING.md.
#[tokio::test]
async fn no_list_is_created_from_bad_fields() {
    let victim = Victim::new().await;
    let fields = [
        ("name", bad_texts()),
        ("label", [bad_texts(), bad_labels()].concat()),
        ("created_by", bad_texts()),
        ("expires_at", bad_dates()),
        ("email_alert_subscribers", bad_subscribers()),
        ("alert_conditions", bad_alert_conditions()),
    ];
    for (key, values) in fields {
        for value in values {
            let body = with(a_list(), json!({key: value}));
            let answer = victim.app.post("/coupon-list", &body).await;
            assert_refused(&answer, INVALID, &format!("{key}: {value}"));
        }
    }
    for key in ["name", "label", "created_by", "expires_at"] {
        let body = with(a_list(), json!({key: null}));
        let answer = victim.app.post("/coupon-list", &body).await;
        assert_refused(&answer, INVALID_OR_MISSING, key);
    }
    victim.assert_unharmed().await;
}

#[tokio::test]
async fn no_list_is_changed_by_bad_fields() {
    let victim = Victim::new().await;
    let fields = [
        ("name", bad_texts()),
        ("expires_at", bad_dates()),
        ("email_alert_subscribers", bad_subscribers()),
        ("alert_conditions", bad_alert_conditions()),
    ];
    for (key, values) in fields {
        for value in values {
            // A good change beside the bad one must not be made either.
            let good = if key == "name" { "expires_at" } else { "name" };
            let body = with(json!({good: "2098-01-01"}), json!({key: value}));
            let answer = victim.app.patch(&victim.path(""), &body).await;
            assert_refused(&answer, INVALID, &format!("{key}: {value}"));
        }
    }
    for key in [
        "name",
        "expires_at",
        "email_alert_subscribers",
        "alert_conditions",
    ] {
        let answer = victim.app.patch(&victim.path(""), &json!({key: null})).await;
        assert!(matches!(answer.status, 200 | 400), "{key}: {}", answer.text);
    }
    victim.assert_unharmed().await;
}

#[tokio::test]
async fn a_number_that_no_machine_holds_is_refused() {
    let victim = Victim::new().await;
    for number in ["1e400", "-1e400", "1e999999999", &"9".repeat(400)] {
        let alerts = format!(
            r#"{{"alert_conditions": {{"expiry_alert": {{"alert": true, "days_before": {number}}}}}}}"#
        );
        let route = &victim.routes()[1];
        assert_refused(&victim.send(route, alerts).await, INVALID, number);
    }
    victim.assert_unharmed().await;
}

/// Row 19 of docs/MIGRATING.md.
#[tokio::test]
async fn a_hundred_thousand_subscribers_are_refused_at_once() {
    let victim = Victim::new().await;
    let many: Vec<String> = (0..100_000).map(|n| format!("a{n}@example.com")).collect();
    let body = with(a_list(), json!({"email_alert_subscribers": many}));
    victim
        .app
        .post("/coupon-list", &body)
        .await
        .expect_error(413, "payload-too-large");
    // As many as a body holds.
    let body = with(a_list(), json!({"email_alert_subscribers": many[..2500]}));
    let answer = victim.app.post("/coupon-list", &body).await;
    assert_refused(&answer, INVALID, "2500 addresses");
    victim.assert_unharmed().await;
}

#[tokio::test]
async fn addresses_as_people_write_them_are_taken() {
    let victim = Victim::new().await;
    let addresses = json!([
        "Jane.Doe@Example.COM",
        "jane+coupons@example.com",
        "j\u{fc}rgen@b\u{fc}cher.example",
        "jane@[192.0.2.1]",
    ]);
    let body = with(a_list(), json!({"email_alert_subscribers": addresses}));
    let created = victim.app.post("/coupon-list", &body).await.expect(201);
    assert_eq!(created["email_alert_subscribers"], addresses);
}
