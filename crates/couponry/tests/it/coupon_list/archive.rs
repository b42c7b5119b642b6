//! `PUT /v1/coupon-list/{coupon_list_id}/archive`

use futures_util::future::join_all;
use serde_json::json;

use crate::app::{FileHost, TestApp, codes, csv, texts, until};

fn path(list: &str) -> String {
    format!("/coupon-list/{list}/archive")
}

/// Row 16 of docs/MIGRATING.md.
#[tokio::test]
async fn an_archived_list_has_left_only_what_was_handed_out() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 5)).await;
    app.take_many(&list, "u", 2).await;
    app.put_nothing(&path(&list)).await.expect_nothing();
    assert_eq!(app.list(&list).await["status"], "ARCHIVED");
    assert_eq!(app.counts(&list).await, (2, 0));
}

#[tokio::test]
async fn an_archived_list_hands_out_nothing_but_still_repeats() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 5)).await;
    let first = app.allocate(&list, &json!({"user_id": "u-1"})).await;
    first.expect(201);
    app.archive(&list).await;

    app.allocate(&list, &json!({"user_id": "u-2"}))
        .await
        .expect_error(409, "coupon-list-not-active");
    let repeat = app.allocate(&list, &json!({"user_id": "u-1"})).await;
    repeat.expect(200);
    assert_eq!(repeat.text, first.text);
}

#[tokio::test]
async fn codes_that_were_not_handed_out_are_soon_gone_from_the_disk() {
    let app = TestApp::start().await;
    let codes = codes("VANISH", 2000);
    let list = app.list_with(&codes).await;
    let taken = app.take_many(&list, "u", 700).await;
    app.archive(&list).await;

    let free: Vec<String> = codes.into_iter().filter(|code| !taken.contains(code)).collect();
    until("no table to hold a free code", async || {
        app.database.tables_with_any_of(&free).await.is_empty()
    })
    .await;
    assert_ne!(
        app.database.tables_with_any_of(&taken).await,
        Vec::<String>::new()
    );
}

/// Row 15 of docs/MIGRATING.md.
#[tokio::test]
async fn archiving_again_and_again_is_no_mistake() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 5)).await;
    let path = path(&list);
    for answer in join_all((0..20).map(|_| app.put_nothing(&path))).await {
        answer.expect_nothing();
    }
    app.put_nothing(&path).await.expect_nothing();
    assert_eq!(app.counts(&list).await, (0, 0));
}

/// Row 15 of docs/MIGRATING.md.
#[tokio::test]
async fn an_expired_list_can_be_archived() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 5)).await;
    app.expire(&list).await;
    app.put_nothing(&path(&list)).await.expect_nothing();
    assert_eq!(app.list(&list).await["status"], "ARCHIVED");
}

#[tokio::test]
async fn a_load_that_is_under_way_fails() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let (url, gate) = host.serve_at_a_gate("/codes.csv", csv(&codes("A", 100)));
    let file = app.upload(&list, &url).await;
    gate.reached_by(1).await;
    app.archive(&list).await;
    gate.open();

    let file = app.finished(&list, &file).await;
    assert_eq!(file["status"], "FAILED");
    assert_eq!(file["details"]["reason"], "list archived");
    assert_eq!(file["added_coupons"], 0);
    assert_eq!(app.counts(&list).await, (0, 0));
}

#[tokio::test]
async fn a_load_from_before_the_archive_never_reaches_the_list_that_came_back() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let (url, gate) = host.serve_at_a_gate("/codes.csv", csv(&codes("A", 100)));
    let file = app.upload(&list, &url).await;
    gate.reached_by(1).await;
    app.archive(&list).await;
    app.activate(&list).await;
    gate.open();

    assert_eq!(app.finished(&list, &file).await["status"], "FAILED");
    assert_eq!(app.counts(&list).await, (0, 0));
}

#[tokio::test]
async fn an_unknown_list_cannot_be_archived() {
    let app = TestApp::start().await;
    app.put_nothing(&path(texts::UNKNOWN_ID))
        .await
        .expect_error(404, "coupon-list-not-found");
}
