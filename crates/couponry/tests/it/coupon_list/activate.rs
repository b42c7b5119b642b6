//! `PUT /v1/coupon-list/{coupon_list_id}/activate`

use serde_json::json;

use crate::app::{TestApp, texts};

fn path(list: &str) -> String {
    format!("/coupon-list/{list}/activate")
}

/// Rows 13 and 14 of docs/MIGRATING.md.
#[tokio::test]
async fn an_archived_list_comes_back_empty_until_its_new_date() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1", "A-2", "A-3"]).await;
    let taken = app.take(&list, "u-1").await;
    app.archive(&list).await;
    let body = json!({"expires_at": "2098-06-30"});
    app.put(&path(&list), &body).await.expect_nothing();

    let read = app.list(&list).await;
    assert_eq!(read["status"], "ACTIVE");
    assert_eq!(read["expires_at"], "2098-06-30T23:59:00.000Z");
    assert_eq!(app.counts(&list).await, (1, 0));
    app.allocate(&list, &json!({"user_id": "u-2"}))
        .await
        .expect_error(409, "coupons-exhausted");
    let repeat = app.allocate(&list, &json!({"user_id": "u-1"})).await.expect(200);
    assert_eq!(repeat["coupon_code"], taken);
}

/// Rows 13 and 14 of docs/MIGRATING.md.
#[tokio::test]
async fn an_expired_list_comes_back_empty() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1", "A-2"]).await;
    app.expire(&list).await;
    app.activate(&list).await;
    assert_eq!(app.list(&list).await["status"], "ACTIVE");
    assert_eq!(app.counts(&list).await, (0, 0));
}

/// Row 14 of docs/MIGRATING.md.
#[tokio::test]
async fn an_active_list_keeps_its_codes_and_gets_the_new_date() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1", "A-2"]).await;
    let body = json!({"expires_at": "2098-06-30"});
    app.put(&path(&list), &body).await.expect_nothing();
    assert_eq!(app.list(&list).await["expires_at"], "2098-06-30T23:59:00.000Z");
    assert_eq!(app.counts(&list).await, (2, 2));
}

/// Rows 14 and 20 of docs/MIGRATING.md.
#[tokio::test]
async fn without_a_new_date_the_missing_key_is_named() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    app.archive(&list).await;
    for answer in [
        app.put_nothing(&path(&list)).await,
        app.put(&path(&list), &json!({})).await,
    ] {
        let message = answer.expect_error(400, "missing-mandatory-attributes");
        assert_eq!(message, texts::missing_key("expires_at"));
    }
    assert_eq!(app.list(&list).await["status"], "ARCHIVED");
}

/// Rows 11 and 14 of docs/MIGRATING.md.
#[tokio::test]
async fn a_date_that_is_past_or_none_is_a_bad_request() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    app.archive(&list).await;
    let before = app.list(&list).await;
    let instant_ago = app.database.instant_in(-1000).await;
    for date in [
        json!("2020-01-01"),
        json!(instant_ago),
        json!("2030-02-30"),
        json!("soon"),
        json!(""),
        json!(20_990_101),
        json!(true),
        json!(["2099-01-01"]),
        json!({"day": "2099-01-01"}),
    ] {
        app.put(&path(&list), &json!({"expires_at": date}))
            .await
            .expect_error(400, "bad-request");
    }
    assert_eq!(app.list(&list).await, before);
}

#[tokio::test]
async fn an_unknown_list_cannot_be_activated() {
    let app = TestApp::start().await;
    let body = json!({"expires_at": "2099-01-01"});
    app.put(&path(texts::UNKNOWN_ID), &body)
        .await
        .expect_error(404, "coupon-list-not-found");
}
