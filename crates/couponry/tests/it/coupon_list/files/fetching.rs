//! Hosted files between their host and their load: order, crashes, credentials.

use serde_json::json;

use crate::app::{Credentials, FileHost, Page, TestApp, codes, csv, until, with};

#[tokio::test]
async fn files_of_one_list_load_one_after_the_other() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let held = app.database.hold_block_writes().await;
    let first = app
        .upload(&list, &host.serve("/first.csv", csv(&codes("A", 100))))
        .await;
    let stage = async |file: &str| {
        let path = format!("/coupon-list/{list}/files/{file}/progress");
        app.get(&path).await.expect(200)["stage"].clone()
    };
    until("the first to be stored", async || {
        stage(&first).await == "storing"
    })
    .await;
    let second = app
        .upload(&list, &host.serve("/second.csv", csv(&codes("A", 50))))
        .await;
    let mut session = app.database.connect().await;
    until("the second to be fetched", async || {
        let fetched: bool = sqlx::query_scalar(
            "select exists (select from job where lane = 'load_file' and state = 'ready')",
        )
        .fetch_one(&mut session)
        .await
        .unwrap();
        fetched
    })
    .await;
    assert_eq!(stage(&second).await, "downloading");

    held.release().await;
    assert_eq!(app.finished(&list, &first).await["added_coupons"], 100);
    assert_eq!(app.finished(&list, &second).await["added_coupons"], 0);
    assert_eq!(app.counts(&list).await, (100, 100));
}

#[tokio::test]
async fn a_file_whose_host_is_slow_keeps_no_other_file_waiting() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let (slow, gate) = host.serve_at_a_gate("/slow.csv", csv(&codes("A", 100)));
    let first = app.upload(&list, &slow).await;
    gate.reached_by(1).await;
    let quick = host.serve("/quick.csv", csv(&codes("A", 50)));
    assert_eq!(app.load(&list, &quick).await["added_coupons"], 50);
    assert_eq!(app.file(&list, &first).await["status"], "PENDING");

    gate.open();
    assert_eq!(app.finished(&list, &first).await["added_coupons"], 50);
    assert_eq!(app.counts(&list).await, (100, 100));
}

/// As after a crash of the database, which empties the table.
#[tokio::test]
async fn a_file_whose_fetched_pieces_are_gone_is_fetched_again() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let held = app.database.hold_block_writes().await;
    let first = app
        .upload(&list, &host.serve("/first.csv", csv(&codes("A", 10))))
        .await;
    let second = app
        .upload(&list, &host.serve("/second.csv", csv(&codes("B", 10))))
        .await;
    let mut session = app.database.connect().await;
    until("both to be fetched", async || {
        let fetched: i64 = sqlx::query_scalar("select count(*) from job where lane = 'load_file'")
            .fetch_one(&mut session)
            .await
            .unwrap();
        fetched == 2
    })
    .await;
    sqlx::query("truncate fetched_piece")
        .execute(&mut session)
        .await
        .unwrap();
    held.release().await;
    for file in [first, second] {
        assert_eq!(app.finished(&list, &file).await["added_coupons"], 10);
    }
    let visits = host.visits("/first.csv").len() + host.visits("/second.csv").len();
    assert!(visits >= 3, "{visits}");
    until("the pieces to go", async || {
        let left: i64 = sqlx::query_scalar("select count(*) from fetched_piece")
            .fetch_one(&mut session)
            .await
            .unwrap();
        left == 0
    })
    .await;
}

#[tokio::test]
async fn credentials_over_plain_http_are_taken_with_a_warning() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let known = Credentials::new("reader", "secret");
    let url = host.answer("/codes.csv", Page::Behind(known.clone(), csv(&["A-1"])));
    let body = json!({"file_url": url, "file_url_auth_username": known.workspace, "file_url_auth_password": known.key});
    let file = app.upload_from(&list, &body).await;
    let warnings = json!([
        "the credentials for 'file_url' go over plain http, where anyone on the way can read them; \
                           use an https URL and change the password"
    ]);
    assert_eq!(app.file(&list, &file).await["details"]["warnings"], warnings);
    let loaded = app.finished(&list, &file).await;
    assert_eq!(
        (&loaded["status"], &loaded["details"]["reason"]),
        (&json!("SUCCESS"), &json!(null))
    );
    assert_eq!(loaded["details"]["warnings"], warnings);

    let without = app.load(&list, &host.serve("/open.csv", csv(&["B-1"]))).await;
    assert_eq!(without.get("details"), None);
    let over_tls = with(body, json!({"file_url": "https://127.0.0.1:9443/codes.csv"}));
    let file = app.upload_from(&list, &over_tls).await;
    let failed = app.finished(&list, &file).await;
    assert_eq!(failed["details"].get("warnings"), None, "{failed}");
}
