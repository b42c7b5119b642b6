//! `"dry_run": true` on both uploads (ours): everything but publishing.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{
    Answer, FileHost, Page, TestApp, codes, csv, file_part, part, send, shape, text, texts, whole,
};

async fn check(app: &TestApp, list: &str, url: &str) -> Value {
    let file = app
        .upload_from(list, &json!({"file_url": url, "dry_run": true}))
        .await;
    app.finished(list, &file).await
}

async fn by_hand(app: &TestApp, list: &str, dry_run: &str, bytes: &[u8]) -> Answer {
    let parts = [part("name=\"dry_run\"", "", dry_run.as_bytes()), file_part(bytes)];
    let request = app.request(Method::POST, &format!("/coupon-list/{list}/files/upload"));
    let request = request.header("content-type", "multipart/form-data; boundary=XX");
    send(request.header("idempotency-key", "once").body(whole(&parts))).await
}

async fn number(app: &TestApp, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql)
        .fetch_one(&mut app.database.connect().await)
        .await
        .unwrap()
}

#[tokio::test]
async fn it_tells_what_would_be_added_and_what_left_out_and_adds_nothing() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.list_with(&codes("OLD", 5)).await;
    let gone = app.load_codes(&list, &["GONE-1", "GONE-2"]).await;
    for user in 0..7 {
        app.take(&list, &format!("u-{user}")).await;
    }
    app.delete_file(&list, &gone).await;
    app.load_codes(&list, &["FREE-1"]).await;
    app.jobs_done().await;
    let stock = app.stock(&list).await;
    let blocks = number(&app, "select count(*) from block").await;

    let mut rows = codes("NEW", 40);
    let known = ["OLD-000000", "FREE-1", "GONE-1", "GONE-2"];
    rows.extend(["NEW-000001", "NEW-000002", "NEW-000002"].map(str::to_owned));
    rows.extend(known.map(str::to_owned));
    let mut file = csv(&rows);
    file.extend(b"\nx,y\nx,y\n1.23457E+15\n");
    let read = check(&app, &list, &host.serve("/codes.csv", file)).await;
    assert_eq!(read["status"], "SUCCESS", "{read}");
    assert_eq!(
        (&read["dry_run"], &read["added_coupons"]),
        (&json!(true), &json!(0))
    );
    assert_eq!(
        read["outcome"],
        json!({"would_add": 40, "duplicates": {"in_file": 3, "in_list": 2, "from_before": 2}, "rejected": 3,
               "rejected_for": [
                   {"reason": "row has more fields than the header", "rows": 2},
                   {"reason": "code was turned into a number by a spreadsheet; export the column as text", "rows": 1}]})
    );
    assert_eq!(read["details"]["added"], 0);

    app.jobs_done().await;
    assert_eq!(app.stock(&list).await, stock);
    assert_eq!(number(&app, "select count(*) from block").await, blocks);
    assert_eq!(
        number(
            &app,
            "select (select count(*) from fetched_piece) + (select count(*) from upload_piece)"
        )
        .await,
        0
    );
    app.passport(&list, "NEW-000003")
        .await
        .expect_error(404, "not-found");
    let rejected = format!("/coupon-list/{list}/files/{}/rejections", text(&read["_id"]));
    assert_eq!(app.get(&rejected).await.text.lines().count(), 4);
}

#[tokio::test]
async fn it_is_no_file_of_the_list_and_the_file_can_be_loaded_afterwards() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let url = host.serve("/codes.csv", csv(&codes("A", 30)));
    let read = check(&app, &list, &url).await;
    assert_eq!(read["outcome"]["would_add"], 30);
    let files = app.get(&format!("/coupon-list/{list}/files")).await.expect(200);
    assert_eq!(files["data"], json!([]));
    let answer = app
        .get(&format!("/coupon-list/{list}/files/{}", text(&read["_id"])))
        .await;
    let outcome =
        "dry_run,outcome{would_add,duplicates{in_file,in_list,from_before},rejected,rejected_for[]}}";
    assert_eq!(shape(&answer.text), texts::FILE_SHAPE.replace('}', ",") + outcome);

    let file = app.load(&list, &url).await;
    assert_eq!(file["added_coupons"], 30);
    assert_eq!((file.get("dry_run"), file.get("outcome")), (None, None));
    assert_eq!(check(&app, &list, &url).await["outcome"]["would_add"], 0);
}

#[tokio::test]
async fn a_file_sent_by_hand_is_checked_too_and_its_answer_says_so() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let bytes = csv(&codes("A", 3));
    by_hand(&app, &list, "perhaps", &bytes)
        .await
        .expect_error(400, "invalid-request");
    let answer = by_hand(&app, &list, "true", &bytes).await;
    let sent = answer.expect(201);
    assert_eq!(
        shape(&answer.text),
        texts::UPLOADED_FILE_SHAPE.replace('}', ",dry_run}")
    );
    assert_eq!(sent["dry_run"], true);
    let read = app.finished(&list, text(&sent["_id"])).await;
    assert_eq!(read["outcome"]["would_add"], 3);
    assert_eq!(app.counts(&list).await, (0, 0));
    // The same under the same key is the same; for real it is something else.
    assert_eq!(
        by_hand(&app, &list, "true", &bytes).await.expect(201)["_id"],
        sent["_id"]
    );
    by_hand(&app, &list, "false", &bytes)
        .await
        .expect_error(400, "invalid-request");
    app.jobs_done().await;
    assert_eq!(number(&app, "select count(*) from upload_piece").await, 0);
}

#[tokio::test]
async fn a_file_that_could_not_be_loaded_fails_in_the_same_words() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let read = check(&app, &list, &host.serve("/codes.csv", "name\nx\n")).await;
    assert_eq!(read["status"], "FAILED");
    assert_eq!(read["dry_run"], true);
    assert_eq!(read["outcome"]["would_add"], 0);
    assert!(text(&read["details"]["reason"]).starts_with("header 'Coupon Code' not found"));

    let body = json!({"file_url": host.url("/codes.csv"), "dry_run": "yes"});
    app.post(&format!("/coupon-list/{list}/files"), &body)
        .await
        .expect_error(400, "invalid-request");
    app.archive(&list).await;
    let body = json!({"file_url": host.url("/codes.csv"), "dry_run": true});
    app.post(&format!("/coupon-list/{list}/files"), &body)
        .await
        .expect_error(400, "invalid-request");
}

#[tokio::test]
async fn its_callback_says_that_nothing_was_added() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let url = host.serve("/codes.csv", csv(&codes("A", 3)));
    let callback = host.answer("/told", Page::status(204));
    let body = json!({"file_url": url, "callback_url": callback, "dry_run": true});
    let file = app.upload_from(&list, &body).await;
    let mut expected = app.finished(&list, &file).await;
    expected["coupons_list_id"] = json!(list);
    app.jobs_done().await;
    let told: Value = serde_json::from_slice(&host.visits("/told")[0].body).unwrap();
    assert_eq!(told, expected);
    assert_eq!(
        (&told["dry_run"], &told["added_coupons"]),
        (&json!(true), &json!(0))
    );
}

#[tokio::test]
async fn it_is_deleted_like_a_file_and_an_archived_list_may_have_one() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let url = host.serve("/codes.csv", csv(&codes("A", 3)));
    let one = check(&app, &list, &url).await;
    let other = check(&app, &list, &url).await;
    app.delete_file(&list, text(&one["_id"])).await;
    app.get(&format!("/coupon-list/{list}/files/{}", text(&one["_id"])))
        .await
        .expect_error(404, "not-found");
    app.archive(&list).await;
    app.jobs_done().await;
    app.activate(&list).await;
    assert_eq!(
        app.file(&list, text(&other["_id"])).await["outcome"]["would_add"],
        3
    );
    assert_eq!(app.load(&list, &url).await["added_coupons"], 3);
    assert_eq!(app.take_many(&list, "u", 3).await.len(), 3);
}
