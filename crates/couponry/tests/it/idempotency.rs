//! `Idempotency-Key` on a creation and on an upload: what was sent twice takes effect once (row 44 of docs/MIGRATING.md).

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{
    Answer, Client, FileHost, TestApp, a_list, csv, file_part, part, send, text, texts, whole, with,
};

async fn post(client: &Client, path: &str, key: &str, body: &Value) -> Answer {
    let request = client.request(Method::POST, path).json(body);
    send(request.header("Idempotency-Key", key)).await
}

async fn create(client: &Client, key: &str, body: &Value) -> Answer {
    post(client, "/coupon-list", key, body).await
}

fn files_of(list: &str) -> String {
    format!("/coupon-list/{list}/files")
}

/// How many lists, or files, there are.
async fn number(client: &Client, path: &str) -> usize {
    let all = client.get(path).await.expect(200);
    all["data"].as_array().unwrap().len()
}

#[track_caller]
fn assert_key_refused(answer: &Answer) {
    let message = answer.expect_error(400, "invalid-request");
    assert!(message.starts_with(texts::INCORRECT_JSON), "{message}");
    assert!(message.contains("'Idempotency-Key'"), "{message}");
}

/// Row 44 of docs/MIGRATING.md.
#[tokio::test]
async fn a_creation_that_is_repeated_makes_one_list() {
    let app = TestApp::start().await;
    let body = a_list();
    let first = create(&app, "key-1", &body).await;
    let made = first.expect(201);
    // Also when the list is another one by now.
    let list = format!("/coupon-list/{}", text(&made["_id"]));
    app.patch(&list, &json!({"name": "Renamed"})).await.expect(200);
    app.archive(text(&made["_id"])).await;
    for _ in 0..3 {
        let repeat = create(&app, "key-1", &body).await;
        assert_eq!((repeat.status, &repeat.text), (201, &first.text));
    }
    assert_eq!(number(&app, "/coupon-list").await, 1);
}

/// Row 44 of docs/MIGRATING.md.
#[tokio::test]
async fn of_twenty_creations_with_one_key_at_once_all_get_the_one_list() {
    let app = TestApp::start().await;
    let other = app.another_server().await;
    let body = a_list();
    let answers = join_all((0..20).map(async |n| {
        let server: &Client = if n % 2 == 0 { &app } else { &other };
        create(server, "key-1", &body).await
    }))
    .await;
    for answer in &answers {
        assert_eq!((answer.status, &answer.text), (201, &answers[0].text));
    }
    assert_eq!(number(&app, "/coupon-list").await, 1);
}

/// Row 44 of docs/MIGRATING.md.
#[tokio::test]
async fn a_key_is_one_requests_and_one_workspaces() {
    let app = TestApp::start().await;
    let body = a_list();
    create(&app, "key-1", &body).await.expect(201);
    for other in [
        a_list(),
        with(body.clone(), json!({"created_by": "Somebody else"})),
    ] {
        assert_key_refused(&create(&app, "key-1", &other).await);
    }
    assert_eq!(number(&app, "/coupon-list").await, 1);
    // Keys differ by their bytes, and a stranger's are his own.
    create(&app, "Key-1", &a_list()).await.expect(201);
    let stranger = app.create_workspace(&["--name", "Other"]);
    create(&stranger, "key-1", &a_list()).await.expect(201);
    assert_eq!(number(&stranger, "/coupon-list").await, 1);
}

/// Row 44 of docs/MIGRATING.md.
#[tokio::test]
async fn a_creation_that_failed_may_be_mended_and_sent_again() {
    let app = TestApp::start().await;
    let taken = a_list();
    app.create_list_from(&taken).await;
    let good = a_list();
    for (change, code) in [
        (json!({"name": ""}), "invalid-request"),
        (json!({"name": null}), "missing-mandatory-attributes"),
        (json!({"name": taken["name"]}), "duplicate-coupon-list-name"),
        (json!({"label": taken["label"]}), "duplicate-coupon-list-label"),
        (json!({"expires_at": "2020-01-01"}), "invalid-request"),
    ] {
        create(&app, "key-1", &with(good.clone(), change))
            .await
            .expect_error(400, code);
    }
    create(&app, "key-1", &good).await.expect(201);
    assert_eq!(number(&app, "/coupon-list").await, 2);
}

/// Row 44 of docs/MIGRATING.md.
#[tokio::test]
async fn a_creation_without_room_may_be_sent_again_when_there_is_some() {
    let app = TestApp::start_with(|environment| {
        environment.insert("COUPONRY_WORKSPACE_LISTS".to_owned(), "1".to_owned());
    })
    .await;
    app.create_list().await;
    let body = a_list();
    create(&app, "key-1", &body)
        .await
        .expect_error(400, "invalid-request");
    let roomier = app
        .another_server_with(|environment| {
            environment.insert("COUPONRY_WORKSPACE_LISTS".to_owned(), "2".to_owned());
        })
        .await;
    create(&roomier, "key-1", &body).await.expect(201);
}

/// Row 44 of docs/MIGRATING.md.
#[tokio::test]
async fn an_upload_that_is_repeated_makes_one_file() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let body = json!({"file_url": host.serve("/codes.csv", csv(&["A-1"]))});
    let files = files_of(&list);
    let answers = join_all((0..20).map(|_| post(&app, &files, "key-1", &body))).await;
    for answer in &answers {
        assert_eq!((answer.status, &answer.text), (201, &answers[0].text));
    }
    let made = answers[0].expect(201);
    app.finished(&list, text(&made["_id"])).await;
    let repeat = post(&app, &files, "key-1", &body).await;
    assert_eq!((repeat.status, &repeat.text), (201, &answers[0].text));
    app.jobs_done().await;
    assert_eq!(number(&app, &files).await, 1);
    assert_eq!(host.visits("/codes.csv").len(), 1);
}

/// Row 44 of docs/MIGRATING.md.
#[tokio::test]
async fn an_uploads_key_is_for_its_list_and_its_body() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let (list, other) = (app.create_list().await, app.create_list().await);
    let body = json!({"file_url": host.serve("/codes.csv", csv(&["A-1"]))});
    post(&app, &files_of(&list), "key-1", &body).await.expect(201);
    let renamed = with(body.clone(), json!({"name": "Another"}));
    assert_key_refused(&post(&app, &files_of(&list), "key-1", &renamed).await);
    assert_key_refused(&post(&app, &files_of(&other), "key-1", &body).await);
    assert_eq!(number(&app, &files_of(&list)).await, 1);
    assert_eq!(number(&app, &files_of(&other)).await, 0);
    // A creation's keys are not an upload's.
    create(&app, "key-1", &a_list()).await.expect(201);
    app.jobs_done().await;
}

/// Row 44 of docs/MIGRATING.md.
#[tokio::test]
async fn an_upload_to_a_list_that_was_over_may_be_sent_again_when_it_is_back() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let body = json!({"file_url": host.serve("/codes.csv", csv(&["A-1"]))});
    app.archive(&list).await;
    post(&app, &files_of(&list), "key-1", &body)
        .await
        .expect_error(400, "invalid-request");
    app.activate(&list).await;
    let file = post(&app, &files_of(&list), "key-1", &body).await.expect(201);
    assert_eq!(app.finished(&list, text(&file["_id"])).await["added_coupons"], 1);
}

/// Row 44 of docs/MIGRATING.md.
#[tokio::test]
async fn without_a_key_every_upload_is_a_file_of_its_own() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let url = host.serve("/codes.csv", csv(&["A-1"]));
    for _ in 0..3 {
        app.upload(&list, &url).await;
    }
    app.jobs_done().await;
    assert_eq!(number(&app, &files_of(&list)).await, 3);
    assert_eq!(app.counts(&list).await, (1, 1));
}

#[tokio::test]
async fn what_is_no_key_is_refused_by_its_name() {
    let app = TestApp::start().await;
    for key in ["", "a\tb", "\u{e9}", &"k".repeat(256)] {
        assert_key_refused(&create(&app, key, &a_list()).await);
    }
    let twice = app
        .request(Method::POST, "/coupon-list")
        .header("Idempotency-Key", "one")
        .header("Idempotency-Key", "two");
    assert_key_refused(&send(twice.json(&a_list())).await);
    assert_eq!(number(&app, "/coupon-list").await, 0);
    create(&app, &"k".repeat(255), &a_list()).await.expect(201);
}

/// A file sent by hand, with this key.
async fn send_file(client: &Client, list: &str, key: &str, name: &str, codes: &[&str]) -> Answer {
    let parts = [file_part(&csv(codes)), part("name=\"name\"", "", name.as_bytes())];
    let path = format!("/coupon-list/{list}/files/upload");
    let request = client
        .request(Method::POST, &path)
        .header("Content-Type", "multipart/form-data; boundary=XX")
        .header("Idempotency-Key", key);
    send(request.body(whole(&parts))).await
}

#[tokio::test]
async fn a_file_that_is_sent_by_hand_twice_is_one_file() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let first = send_file(&app, &list, "key-1", "May", &["A-1", "A-2"]).await;
    let made = first.expect(201);
    app.finished(&list, text(&made["_id"])).await;
    let repeat = send_file(&app, &list, "key-1", "May", &["A-1", "A-2"]).await;
    assert_eq!((repeat.status, &repeat.text), (201, &first.text));
    for (name, codes) in [("June", ["A-1", "A-2"]), ("May", ["A-1", "A-3"])] {
        assert_key_refused(&send_file(&app, &list, "key-1", name, &codes).await);
    }
    assert_key_refused(&send_file(&app, &list, "", "May", &["A-1"]).await);
    assert_eq!(number(&app, &files_of(&list)).await, 1);
    // Of what nothing came of, nothing is kept.
    let pieces: i64 = sqlx::query_scalar("select count(*) from upload_piece")
        .fetch_one(&mut app.database.connect().await)
        .await
        .unwrap();
    assert_eq!(pieces, 0);
    app.archive(&list).await;
    let repeat = send_file(&app, &list, "key-1", "May", &["A-1", "A-2"]).await;
    assert_eq!((repeat.status, &repeat.text), (201, &first.text));
    assert_eq!(send_file(&app, &list, "key-2", "May", &["A-4"]).await.status, 400);
}
