//! `POST /v1/coupon-list/{coupon_list_id}/files`: what is answered, and what becomes of a good file.

use serde_json::{Value, json};

use crate::app::{Credentials, FileHost, Page, TestApp, codes, csv, sorted, text, texts};

#[tokio::test]
async fn an_accepted_file_is_pending_and_shows_what_was_sent() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let (url, gate) = host.serve_at_a_gate("/spring.csv", csv(&["A-1"]));
    let sent = json!({"file_url": url, "name": "Spring", "created_by": "John"});
    let answer = app.post(&format!("/coupon-list/{list}/files"), &sent).await;
    let file = answer.expect(201);
    assert_eq!(file["status"], "PENDING");
    assert_eq!(file["coupons_list_id"], list);
    for key in ["file_url", "name", "created_by"] {
        assert_eq!(file[key], sent[key], "{key}");
    }
    gate.open();
    app.finished(&list, text(&file["_id"])).await;
}

/// Row 24 of docs/MIGRATING.md.
#[tokio::test]
async fn the_status_in_the_answer_is_pending_however_fast_the_load_is() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let url = host.serve("/codes.csv", csv(&["A-1"]));
    let list = app.create_list().await;
    for _ in 0..5 {
        let answer = app
            .post(&format!("/coupon-list/{list}/files"), &json!({"file_url": url}))
            .await;
        assert_eq!(answer.expect(201)["status"], "PENDING");
    }
    app.jobs_done().await;
    assert_eq!(app.counts(&list).await, (1, 1));
}

/// Row 31 of docs/MIGRATING.md.
#[tokio::test]
async fn name_and_creator_may_be_left_out() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let url = host.serve("/2026/spring.csv", csv(&["A-1"])) + "?version=2";
    let file = app.load(&list, &url).await;
    assert_eq!(file["name"], "spring.csv");
    assert_eq!(file["created_by"], "");
    assert_eq!(file["file_url"], url);
    assert_eq!(
        host.visits("/2026/spring.csv")[0].path,
        "/2026/spring.csv?version=2"
    );
}

#[tokio::test]
async fn the_official_sample_becomes_ten_codes_to_hand_out() {
    const SAMPLE: &str = "Coupon Code\r\nBF20-WERT-NBVC\r\nBF20-ERTY-BVCX\r\nBF20-RTYU-VCXZ\r\nBF20-TYUI-CXZL\r\n\
        BF20-YUIO-XZLK\r\nBF20-UIOP-ZLKJ\r\nBF20-IOPA-LKJH\r\nBF20-OPAS-KJHG\r\nBF20-PASD-JHGF\r\nBF20-ASDF-HGFD";
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let file = app.load(&list, &host.serve("/sample.csv", SAMPLE)).await;
    assert_eq!(file["status"], "SUCCESS");
    assert_eq!(file["added_coupons"], 10);
    assert_eq!(file.get("details"), None);
    assert_eq!(app.counts(&list).await, (10, 10));

    let mut handed_out = Vec::new();
    for n in 0..10 {
        handed_out.push(app.take(&list, &format!("u-{n}")).await);
    }
    assert_eq!(sorted(handed_out), sorted(SAMPLE.lines().skip(1)));
}

/// Row 32 of docs/MIGRATING.md.
#[tokio::test]
async fn the_password_is_used_and_never_shown() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let known = Credentials::new("reader", "pass:wörd-9c1");
    let url = host.answer("/codes.csv", Page::Behind(known.clone(), csv(&["A-1", "A-2"])));
    let sent = json!({
        "file_url": url,
        "file_url_auth_username": known.workspace,
        "file_url_auth_password": known.key,
    });
    let path = format!("/coupon-list/{list}/files");
    let answer = app.post(&path, &sent).await;
    let id = text(&answer.expect(201)["_id"]).to_owned();
    assert_eq!(app.finished(&list, &id).await["status"], "SUCCESS");
    assert_eq!(
        host.visits("/codes.csv")[0].header("authorization"),
        Some(known.basic().as_str())
    );
    for shown in [
        answer,
        app.get(&path).await,
        app.get(&format!("{path}/{id}")).await,
    ] {
        assert!(!shown.text.contains("auth"), "{}", shown.text);
        assert!(!shown.text.contains("9c1"), "{}", shown.text);
    }

    for stranger in [json!({}), json!({"file_url_auth_username": "reader"})] {
        let file = app
            .upload_from(&list, &crate::app::with(json!({"file_url": url}), stranger))
            .await;
        let file = app.finished(&list, &file).await;
        assert_eq!(file["status"], "FAILED");
        assert_eq!(file["details"]["reason"], "host answered with status 401");
    }
}

#[tokio::test]
async fn a_signature_in_the_url_reaches_the_host_and_nobody_else() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let plain = host.serve("/signed.csv", csv(&["A-1"]));
    let signed = format!("{plain}?X-Amz-Signature=f00dfeed");
    let path = format!("/coupon-list/{list}/files");
    let answer = app.post(&path, &json!({"file_url": signed})).await;
    let id = text(&answer.expect(201)["_id"]).to_owned();
    assert_eq!(app.finished(&list, &id).await["status"], "SUCCESS");
    assert!(host.visits("/signed.csv")[0].path.ends_with("f00dfeed"));
    for shown in [
        answer,
        app.get(&path).await,
        app.get(&format!("{path}/{id}")).await,
    ] {
        assert!(shown.text.contains(&plain), "{}", shown.text);
        assert!(!shown.text.contains("f00dfeed"), "{}", shown.text);
    }
}

#[tokio::test]
async fn nothing_of_a_file_is_there_before_all_of_it() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let (url, gate) = host.serve_at_a_gate("/codes.csv", csv(&codes("A", 50_000)));
    let file = app.upload(&list, &url).await;
    gate.reached_by(1).await;
    assert_eq!(app.counts(&list).await, (0, 0));
    app.allocate(&list, &json!({"user_id": "u-1"}))
        .await
        .expect_error(409, "coupons-exhausted");
    gate.open();
    app.finished(&list, &file).await;
    assert_eq!(app.counts(&list).await, (50_000, 50_000));
}

/// Row 29 of docs/MIGRATING.md.
#[tokio::test]
async fn only_an_active_list_takes_files() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let url = host.serve("/codes.csv", csv(&["A-1"]));
    let (archived, expired) = (app.create_list().await, app.create_list().await);
    app.archive(&archived).await;
    app.expire(&expired).await;
    for list in [archived, expired] {
        let path = format!("/coupon-list/{list}/files");
        app.post(&path, &json!({"file_url": url}))
            .await
            .expect_error(400, "invalid-request");
        assert_eq!(app.get(&path).await.text, r#"{"data":[]}"#);
    }
    assert_eq!(host.visits("/codes.csv").len(), 0);
}

/// Rows 20 and 30 of docs/MIGRATING.md.
#[tokio::test]
async fn no_url_and_many_urls_have_their_documented_texts() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let path = format!("/coupon-list/{list}/files");
    let one = "https://files.example.com/a.csv";
    let two = "https://files.example.com/b.csv";
    for (body, message) in [
        (json!({}), texts::EMPTY_FILE_URL),
        (json!({"name": "No URL"}), texts::EMPTY_FILE_URL),
        (json!({"file_url": ""}), texts::EMPTY_FILE_URL),
        (json!({"file_url": [one, two]}), texts::MULTIPLE_FILE_URLS),
        (
            json!({"file_url": format!("{one},{two}")}),
            texts::MULTIPLE_FILE_URLS,
        ),
        (
            json!({"file_url": format!("{one} {two}")}),
            texts::MULTIPLE_FILE_URLS,
        ),
        (
            json!({"file_url": format!("{one}\n{two}")}),
            texts::MULTIPLE_FILE_URLS,
        ),
    ] {
        let answer = app.post(&path, &body).await;
        assert_eq!(answer.expect_error(400, "invalid-request"), message, "{body}");
    }
    assert_eq!(app.get(&path).await.text, r#"{"data":[]}"#);
}

#[tokio::test]
async fn a_file_for_an_unknown_list_is_not_accepted() {
    let app = TestApp::start().await;
    let body: Value = json!({"file_url": "https://files.example.com/a.csv"});
    app.post(&format!("/coupon-list/{}/files", texts::UNKNOWN_ID), &body)
        .await
        .expect_error(404, "coupon-list-not-found");
}
