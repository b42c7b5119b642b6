//! `GET /v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/progress` (ours)

use serde_json::{Value, json};

use crate::app::{FileHost, TestApp, codes, csv, text, texts};

async fn progress(app: &TestApp, list: &str, file: &str) -> Value {
    let path = format!("/coupon-list/{list}/files/{file}/progress");
    app.get(&path).await.expect(200)
}

/// Row 24 of docs/MIGRATING.md.
#[tokio::test]
async fn a_load_is_pending_to_its_end_and_only_its_progress_says_more() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let file = csv(&codes("A", 100));
    let (url, gate) = host.serve_at_a_gate("/codes.csv", file.clone());
    let id = app.upload(&list, &url).await;
    gate.reached_by(1).await;
    let downloading = progress(&app, &list, &id).await;
    assert_eq!(
        (&downloading["status"], &downloading["stage"]),
        (&json!("PENDING"), &json!("downloading"))
    );
    let all = app.get(&format!("/coupon-list/{list}/files")).await.expect(200);
    assert_eq!(all["data"][0]["status"], "PENDING");
    assert_eq!(app.file(&list, &id).await["status"], "PENDING");

    gate.open();
    app.finished(&list, &id).await;
    assert_eq!(
        progress(&app, &list, &id).await,
        json!({"status": "SUCCESS", "stage": "done", "bytes_read": file.len(), "bytes_expected": file.len()})
    );
}

#[tokio::test]
async fn a_file_that_is_gone_or_another_lists_has_no_progress() {
    let app = TestApp::start().await;
    let (list, other) = (app.create_list().await, app.create_list().await);
    let gone = app.load_codes(&list, &["A-1"]).await;
    let others = app.load_codes(&other, &["A-1"]).await;
    app.delete_file(&list, &gone).await;
    for file in [gone.as_str(), &others, texts::UNKNOWN_ID] {
        let path = format!("/coupon-list/{list}/files/{file}/progress");
        let answer = app.get(&path).await;
        assert_eq!(answer.expect_error(404, "not-found"), texts::NOT_FOUND);
    }
}

/// Row 24 of docs/MIGRATING.md.
#[tokio::test]
async fn a_load_that_failed_is_done_too() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let file = app.load(&list, &host.serve("/bad.csv", "no header")).await;
    let progress = progress(&app, &list, text(&file["_id"])).await;
    assert_eq!(
        (&progress["status"], &progress["stage"]),
        (&json!("FAILED"), &json!("done"))
    );
}
