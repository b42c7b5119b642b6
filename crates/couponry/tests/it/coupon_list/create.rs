//! `POST /v1/coupon-list`

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::app::{TestApp, a_list, text, texts, with, without};

#[tokio::test]
async fn a_new_list_is_active_at_once_and_shows_what_was_sent() {
    let app = TestApp::start().await;
    let sent = with(
        a_list(),
        json!({
            "email_alert_subscribers": ["john.doe@example.com", "Jane+coupons@Example.com"],
            "alert_conditions": {
                "success_alert": true,
                "failure_alert": false,
                "expiry_alert": {"alert": true, "days_before": 7},
                "coupon_shortage_alert": {"alert": true, "threshold_count": 100},
            },
        }),
    );
    let created = app.post("/coupon-list", &sent).await.expect(201);

    for key in [
        "name",
        "label",
        "created_by",
        "email_alert_subscribers",
        "alert_conditions",
    ] {
        assert_eq!(created[key], sent[key], "{key}");
    }
    assert_eq!(created["status"], "ACTIVE");
    assert_eq!(created["expires_at"], "2099-10-31T23:59:00");
    let id = text(&created["_id"]);
    assert!(
        id.len() == 24 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')),
        "{id}"
    );
    assert_eq!(app.list(id).await["name"], sent["name"]);
}

/// Row 19 of docs/MIGRATING.md.
#[tokio::test]
async fn what_was_left_out_comes_back_as_empty_and_off() {
    let app = TestApp::start().await;
    let off = json!({
        "success_alert": false,
        "failure_alert": false,
        "expiry_alert": {"alert": false, "days_before": 0},
        "coupon_shortage_alert": {"alert": false, "threshold_count": 0},
    });
    let created = app.post("/coupon-list", &a_list()).await.expect(201);
    assert_eq!(created["email_alert_subscribers"], json!([]));
    assert_eq!(created["alert_conditions"], off);

    let partly = json!({"alert_conditions": {"coupon_shortage_alert": {"threshold_count": 5}}});
    let created = app
        .post("/coupon-list", &with(a_list(), partly))
        .await
        .expect(201);
    let mut expected = off;
    expected["coupon_shortage_alert"]["threshold_count"] = json!(5);
    assert_eq!(created["alert_conditions"], expected);
}

/// Rows 19 and 20 of docs/MIGRATING.md.
#[tokio::test]
async fn each_missing_key_is_refused_with_the_documented_text() {
    let app = TestApp::start().await;
    for key in ["name", "label", "expires_at", "created_by"] {
        let answer = app.post("/coupon-list", &without(a_list(), key)).await;
        let message = answer.expect_error(400, "missing-mandatory-attributes");
        assert_eq!(message, texts::MISSING_KEY, "{key}");
    }
    let alert_without_number = json!({"alert_conditions": {"expiry_alert": {"alert": true}}});
    let answer = app
        .post("/coupon-list", &with(a_list(), alert_without_number))
        .await;
    answer.expect_error(400, "missing-mandatory-attributes");
    assert_eq!(app.get("/coupon-list").await.text, r#"{"data":[]}"#);
}

/// Rows 6 and 21 of docs/MIGRATING.md.
#[tokio::test]
async fn a_name_and_a_label_can_be_taken_once_and_the_name_is_looked_at_first() {
    let app = TestApp::start().await;
    let first = a_list();
    let list = app.create_list_from(&first).await;
    let refused = [
        (
            with(a_list(), json!({"name": first["name"]})),
            "duplicate-coupon-list-name",
            texts::DUPLICATE_NAME,
        ),
        (
            with(a_list(), json!({"label": first["label"]})),
            "duplicate-coupon-list-label",
            texts::DUPLICATE_LABEL,
        ),
        (first.clone(), "duplicate-coupon-list-name", texts::DUPLICATE_NAME),
    ];
    for (body, code, message) in &refused {
        let answer = app.post("/coupon-list", body).await;
        assert_eq!(answer.expect_error(400, code), *message);
    }
    // An archived list can come back, so its names stay its own.
    app.archive(&list).await;
    for (body, code, _) in &refused {
        app.post("/coupon-list", body).await.expect_error(400, code);
    }
}

/// Row 21 of docs/MIGRATING.md.
#[tokio::test]
async fn names_that_differ_in_case_are_different_names() {
    let app = TestApp::start().await;
    for name in ["Spring", "spring", "SPRING"] {
        app.create_list_from(&with(a_list(), json!({"name": name, "label": name})))
            .await;
    }
}

/// Row 6 of docs/MIGRATING.md.
#[tokio::test]
async fn of_twenty_equal_creations_at_once_one_succeeds() {
    let app = TestApp::start().await;
    let body = a_list();
    let answers = join_all((0..20).map(|_| app.post("/coupon-list", &body))).await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
    assert_eq!(made.len(), 1);
    for answer in refused {
        answer.expect_error(400, "duplicate-coupon-list-name");
    }
    let lists = app.get("/coupon-list").await.expect(200);
    assert_eq!(lists["data"].as_array().unwrap().len(), 1);
}

/// Row 19 of docs/MIGRATING.md.
#[tokio::test]
async fn fifty_subscribers_are_accepted_each_once() {
    let app = TestApp::start().await;
    let addresses: Vec<String> = (0..51).map(|n| format!("a{n}@example.com")).collect();
    let body = |addresses: &[String]| with(a_list(), json!({"email_alert_subscribers": addresses}));
    let created = app
        .post("/coupon-list", &body(&addresses[..50]))
        .await
        .expect(201);
    assert_eq!(created["email_alert_subscribers"], json!(addresses[..50]));
    app.post("/coupon-list", &body(&addresses))
        .await
        .expect_error(400, "invalid-request");

    let twice = [addresses[0].clone(), addresses[1].clone(), addresses[0].clone()];
    let created = app.post("/coupon-list", &body(&twice)).await.expect(201);
    assert_eq!(created["email_alert_subscribers"], json!(addresses[..2]));
}

#[tokio::test]
async fn what_the_server_decides_cannot_be_sent() {
    let app = TestApp::start().await;
    let sent = json!({
        "_id": texts::UNKNOWN_ID,
        "status": "ARCHIVED",
        "total_coupons": 5,
        "available_coupons": 5,
        "workspace_id": "someone-else",
        "created_at": "2020-01-01T00:00:00.000Z",
        "__proto__": {"admin": true},
    });
    let list = app.create_list_from(&with(a_list(), sent)).await;
    assert_ne!(list, texts::UNKNOWN_ID);
    let read = app.list(&list).await;
    assert_eq!(read["status"], "ACTIVE");
    assert_eq!(read["total_coupons"], 0);
    assert!(!text(&read["created_at"]).starts_with("2020"));
    assert_eq!(read.get("__proto__"), None);
}

/// Row 22 of docs/MIGRATING.md.
#[tokio::test]
async fn names_are_kept_exactly_as_sent() {
    let app = TestApp::start().await;
    for name in [
        " Blanks round it ",
        "Ünïcödé 🎁 名前",
        "<script>alert(1)</script>",
        "=cmd|' /C calc'!A0",
        "Robert'); drop table list;--",
        "a\u{202e}b",
        &"é".repeat(255),
    ] {
        let body = with(a_list(), json!({"name": name, "created_by": name}));
        let list = app.create_list_from(&body).await;
        let read = app.list(&list).await;
        assert_eq!(
            [&read["name"], &read["created_by"]],
            [&Value::from(name), &Value::from(name)]
        );
    }
}
