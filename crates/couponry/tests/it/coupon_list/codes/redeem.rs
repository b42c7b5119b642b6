//! `POST /v1/coupon-list/{coupon_list_id}/codes/{code}/redeem`

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{TestApp, codes, send, text};

async fn app_with_a_code() -> (TestApp, String, String) {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 3)).await;
    let code = app.take(&list, "u").await;
    (app, list, code)
}

#[tokio::test]
async fn a_repeat_with_the_same_id_is_the_same_redemption() {
    let (app, list, code) = app_with_a_code().await;
    let body = json!({"redemption_id": "order-1", "metadata": {"shop": "Berlin"}});
    let first = app.redeem(&list, &code, &body).await;
    assert_eq!(first.expect(200)["status"], "REDEEMED");
    for repeat in [&body, &json!({"redemption_id": "order-1"})] {
        let repeated = app.redeem(&list, &code, repeat).await;
        assert_eq!((repeated.status, repeated.text), (200, first.text.clone()));
    }
    for other in [
        json!({"redemption_id": "order-2"}),
        json!({"redemption_id": "Order-1"}),
        json!({}),
    ] {
        app.redeem(&list, &code, &other)
            .await
            .expect_error(409, "already-redeemed");
    }
    assert_eq!(
        app.history(&list, &code).await,
        ["ADDED", "ALLOCATED", "REDEEMED"]
    );
    assert_eq!(app.stock(&list).await, [3, 2, 0, 1, 0, 0]);
}

#[tokio::test]
async fn without_an_id_every_second_call_is_refused() {
    let (app, list, code) = app_with_a_code().await;
    let redeemed = app.redeem(&list, &code, &json!({})).await.expect(200);
    assert_eq!(redeemed["redemption"]["redemption_id"], Value::Null);
    assert_eq!(redeemed["redemption"]["metadata"], Value::Null);
    for body in [
        json!({}),
        json!({"redemption_id": null}),
        json!({"redemption_id": "order-1"}),
    ] {
        app.redeem(&list, &code, &body)
            .await
            .expect_error(409, "already-redeemed");
    }
}

#[tokio::test]
async fn no_body_at_all_is_an_empty_one() {
    let (app, list, code) = app_with_a_code().await;
    let path = format!("/coupon-list/{list}/codes/{code}/redeem");
    send(app.request(Method::POST, &path)).await.expect(200);
    send(app.request(Method::POST, &path))
        .await
        .expect_error(409, "already-redeemed");
}

#[tokio::test]
async fn only_a_code_that_somebody_got_for_good_can_be_redeemed() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1"]).await;
    let refused = async || {
        app.redeem(&list, "A-1", &json!({"redemption_id": "r"}))
            .await
            .expect_error(409, "not-redeemable");
    };
    refused().await;
    let held = app.hold(&list, "u").await;
    refused().await;
    app.release(&list, &held).await.expect(200);
    refused().await;
    let held = app.hold(&list, "v").await;
    app.database.let_holds_run_out().await;
    refused().await;
    assert_eq!(app.release(&list, &held).await.expect(200)["status"], "RELEASED");
    let held = app.hold(&list, "w").await;
    app.confirm(&list, &held).await.expect(200);
    app.redeem(&list, "A-1", &json!({"redemption_id": "r"}))
        .await
        .expect(200);
    let repeat = app.allocate(&list, &json!({"user_id": "w"})).await.expect(200);
    assert_eq!(
        (&repeat["status"], &repeat["held_until"]),
        (&json!("REDEEMED"), &Value::Null)
    );
}

#[tokio::test]
async fn a_disabled_code_cannot_be_redeemed() {
    let (app, list, code) = app_with_a_code().await;
    app.disable(&list, &code).await.expect(200);
    app.redeem(&list, &code, &json!({}))
        .await
        .expect_error(409, "not-redeemable");
}

#[tokio::test]
async fn codes_of_an_archived_expired_or_quarantined_list_can_be_redeemed() {
    let app = TestApp::start().await;
    let (archived, expired, quarantined) = (
        app.list_with(&codes("A", 2)).await,
        app.list_with(&codes("A", 2)).await,
        app.create_list().await,
    );
    let file = app.load_codes(&quarantined, &codes("A", 2)).await;
    let mut taken = Vec::new();
    for list in [&archived, &expired, &quarantined] {
        taken.push(app.take(list, "u").await);
    }
    app.archive(&archived).await;
    app.expire(&expired).await;
    app.quarantine(&quarantined, &file).await;
    app.jobs_done().await;
    for (list, code) in [&archived, &expired, &quarantined].into_iter().zip(taken) {
        let redeemed = app.redeem(list, &code, &json!({})).await.expect(200);
        assert_eq!(redeemed["status"], "REDEEMED");
    }
}

#[tokio::test]
async fn what_the_shop_says_is_kept_as_it_is() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 10)).await;
    let longest = json!({"x": "x".repeat(4096 - r#"{"x":""}"#.len())});
    for (n, metadata) in [
        json!({}),
        json!({"shop": "Zürich ✓", "items": [1, 2.5, -3, null, true, {"deep": []}], "": ""}),
        json!({"total": 19.99, "big": 9_007_199_254_740_993_i64, "text": "\u{1}\u{7f}\u{2028}"}),
        longest,
    ]
    .into_iter()
    .enumerate()
    {
        let code = app.take(&list, &format!("u-{n}")).await;
        let body = json!({"redemption_id": "r", "metadata": metadata});
        let redeemed = app.redeem(&list, &code, &body).await.expect(200);
        assert_eq!(redeemed["redemption"]["metadata"], metadata);
        let passport = app.passport(&list, &code).await.expect(200);
        assert_eq!(passport["redemption"], redeemed["redemption"]);
    }
}

#[tokio::test]
async fn what_no_shop_should_say_is_refused_and_nothing_is_redeemed() {
    let (app, list, code) = app_with_a_code().await;
    let too_long = json!({"x": "x".repeat(4097 - r#"{"x":""}"#.len())});
    for metadata in [
        json!("text"),
        json!([1]),
        json!(1),
        json!(true),
        too_long,
        json!({"a": "\0"}),
        json!({"a\0": 1}),
        json!({"a": [{"b": ["x\0"]}]}),
    ] {
        app.redeem(&list, &code, &json!({"metadata": metadata}))
            .await
            .expect_error(400, "invalid-request");
    }
    for id in [
        json!(""),
        json!(1),
        json!("x".repeat(256)),
        json!("a\nb"),
        json!({}),
    ] {
        app.redeem(&list, &code, &json!({"redemption_id": id}))
            .await
            .expect_error(400, "invalid-request");
    }
    assert_eq!(app.code_status(&list, &code).await, "ALLOCATED");
    let longest = json!({"redemption_id": "x".repeat(255)});
    let redeemed = app.redeem(&list, &code, &longest).await.expect(200);
    assert_eq!(text(&redeemed["redemption"]["redemption_id"]).len(), 255);
}
