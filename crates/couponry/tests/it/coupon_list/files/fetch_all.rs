//! `GET /v1/coupon-list/{coupon_list_id}/files`

use serde_json::{Value, json};

use crate::app::{FileHost, TestApp, csv, text, texts};

async fn files(app: &TestApp, list: &str) -> Vec<Value> {
    let files = app.get(&format!("/coupon-list/{list}/files")).await.expect(200);
    files["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_list_without_files_has_none() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let answer = app.get(&format!("/coupon-list/{list}/files")).await;
    assert_eq!(answer.text, r#"{"data":[]}"#);
}

/// Row 43 of docs/MIGRATING.md.
#[tokio::test]
async fn files_come_newest_first_whatever_became_of_them() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let good = app.load(&list, &host.serve("/good", csv(&["A-1"]))).await;
    let bad = app.load(&list, &host.serve("/bad", "no header")).await;
    let (url, gate) = host.serve_at_a_gate("/slow", csv(&["A-2"]));
    let slow = app.upload(&list, &url).await;

    let statuses: Vec<(Value, Value)> = files(&app, &list)
        .await
        .iter()
        .map(|file| (file["_id"].clone(), file["status"].clone()))
        .collect();
    let expected = [
        (json!(slow), json!("PENDING")),
        (bad["_id"].clone(), json!("FAILED")),
        (good["_id"].clone(), json!("SUCCESS")),
    ];
    assert_eq!(statuses, expected);
    gate.open();
    app.finished(&list, &slow).await;
}

#[tokio::test]
async fn an_item_is_what_the_single_file_shows() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let file = app.load(&list, &host.serve("/good", csv(&["A-1", "A-2"]))).await;
    assert_eq!(files(&app, &list).await, [file]);
}

/// Row 31 of docs/MIGRATING.md.
#[tokio::test]
async fn the_callback_is_shown_here_and_only_where_there_is_one() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let callback = host.serve("/done", "");
    let url = host.serve("/codes.csv", csv(&["A-1"]));
    let plain = app.load(&list, &url).await;
    let called = app
        .upload_from(&list, &json!({"file_url": url, "callback_url": callback}))
        .await;
    let single = app.finished(&list, &called).await;

    let files = files(&app, &list).await;
    assert_eq!(files[0]["callback_url"], callback);
    assert_eq!(single.get("callback_url"), None);
    assert_eq!(files[1]["_id"], plain["_id"]);
    assert_eq!(files[1].get("callback_url"), None);
    // Before the host goes: it has to take the callback.
    app.jobs_done().await;
}

#[tokio::test]
async fn deleted_files_and_those_of_other_lists_are_not_shown() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let url = host.serve("/codes.csv", csv(&["A-1"]));
    let (list, other) = (app.create_list().await, app.create_list().await);
    let kept = app.load(&list, &url).await;
    let deleted = app.load(&list, &url).await;
    app.load(&other, &url).await;
    app.delete_file(&list, text(&deleted["_id"])).await;
    assert_eq!(files(&app, &list).await, [kept]);
}

#[tokio::test]
async fn an_unknown_list_has_no_files() {
    let app = TestApp::start().await;
    let path = format!("/coupon-list/{}/files", texts::UNKNOWN_ID);
    app.get(&path).await.expect_error(404, "coupon-list-not-found");
}
