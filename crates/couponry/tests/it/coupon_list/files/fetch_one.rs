//! `GET /v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}`

use serde_json::json;

use crate::app::{FileHost, TestApp, codes, csv, shape, text, texts};

/// Row 24 of docs/MIGRATING.md.
#[tokio::test]
async fn a_file_is_pending_until_it_is_whole() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let (url, gate) = host.serve_at_a_gate("/codes.csv", csv(&codes("A", 100)));
    let id = app.upload(&list, &url).await;
    gate.reached_by(1).await;
    let pending = app.file(&list, &id).await;
    assert_eq!(pending["status"], "PENDING");
    assert_eq!(pending["added_coupons"], 0);
    assert_eq!(pending["coupon_list_id"], list);
    assert_eq!(pending["_id"], id);

    gate.open();
    let done = app.finished(&list, &id).await;
    assert_eq!(done["status"], "SUCCESS");
    assert_eq!(done["added_coupons"], 100);
    assert_eq!(done["created_at"], pending["created_at"]);
    assert!(text(&done["updated_at"]) >= text(&pending["updated_at"]));
}

/// Row 25 of docs/MIGRATING.md.
#[tokio::test]
async fn details_are_there_only_when_there_is_something_to_tell() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let well = app.load(&list, &host.serve("/well", csv(&["A-1"]))).await;
    let failed = app.load(&list, &host.serve("/failed", "")).await;
    let twice = app
        .load(&list, &host.serve("/twice", csv(&["B-1", "B-1", "A-1"])))
        .await;

    assert_eq!(well.get("details"), None);
    assert_eq!(
        failed["details"],
        json!({"reason": "file is empty", "added": 0, "duplicates": 0, "rejected": 0, "rejections": []})
    );
    assert_eq!(twice["details"]["added"], 1);
    assert_eq!(twice["details"]["duplicates"], 2);
    assert_eq!(twice["details"]["rejections"], json!([]));
    let path = format!("/coupon-list/{list}/files/{}", text(&twice["_id"]));
    let with_details = texts::FILE_SHAPE.replace('}', ",") + texts::DETAILS_SHAPE + "}";
    assert_eq!(shape(&app.get(&path).await.text), with_details);
}

/// Row 5 of docs/MIGRATING.md.
#[tokio::test]
async fn a_file_that_is_not_the_lists_own_gets_the_same_404_whatever_it_is() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let url = host.serve("/codes.csv", csv(&["A-1"]));
    let (list, other) = (app.create_list().await, app.create_list().await);
    let others = app.load(&other, &url).await;
    let deleted = app.load(&list, &url).await;
    app.delete_file(&list, text(&deleted["_id"])).await;
    let stranger = app.create_workspace(&["--name", "Other"]);
    let foreign = stranger.load(&stranger.create_list().await, &url).await;

    let path = |file: &str| format!("/coupon-list/{list}/files/{file}");
    let not_found = app.get(&path(texts::UNKNOWN_ID)).await;
    assert_eq!(not_found.expect_error(404, "not-found"), texts::NOT_FOUND);
    for file in [
        text(&others["_id"]),
        text(&deleted["_id"]),
        text(&foreign["_id"]),
        "nonsense",
        "%00",
        "%ff",
        "a%2fb",
        &list,
    ] {
        let answer = app.get(&path(file)).await;
        assert_eq!((answer.status, &answer.text), (404, &not_found.text), "{file}");
    }
}

#[tokio::test]
async fn an_unknown_list_is_told_before_the_file_is_looked_at() {
    let app = TestApp::start().await;
    let path = format!("/coupon-list/{0}/files/{0}", texts::UNKNOWN_ID);
    app.get(&path).await.expect_error(404, "coupon-list-not-found");
}
