//! What a server writes: one JSON object a line, and nothing that is secret.

use reqwest::{Method, header};
use serde_json::{Value, json};

use crate::app::{
    API_KEY, Credentials, FileHost, Page, TestApp, WORKSPACE, a_list, codes, csv, send, text, with,
};

const PASSWORD: &str = "host-password-5d1b";
const SIGNATURE: &str = "f00dfeed5ignature";
const WRONG_KEY: &str = "guessed-key-77aa";
const USER: &str = "user-canary-0815";
const SUBSCRIBER: &str = "canary.subscriber@example.com";

/// Whatever the API can do, with something secret in every place that takes one.
async fn everything(app: &TestApp) -> Vec<String> {
    let host = FileHost::start().await;
    let known = Credentials::new("host-reader", PASSWORD);
    let all = codes("CANARY", 200);
    let list = app
        .create_list_from(&with(a_list(), json!({"email_alert_subscribers": [SUBSCRIBER]})))
        .await;

    let protected = host.answer("/codes.csv", Page::Behind(known.clone(), csv(&all)));
    let login = json!({
        "file_url": format!("{protected}?X-Amz-Signature={SIGNATURE}"),
        "file_url_auth_username": known.workspace, "file_url_auth_password": PASSWORD,
    });
    let file = app.upload_from(&list, &login).await;
    assert_eq!(app.finished(&list, &file).await["status"], "SUCCESS");
    let bad_rows = csv(&[format!("{}\u{7}", all[0]), all[1].clone()]);
    for page in [Page::File(bad_rows), Page::Cut(csv(&all)), Page::status(404)] {
        let url = host.answer("/bad.csv", page) + "?token=" + SIGNATURE;
        let file = app
            .upload_from(&list, &with(login.clone(), json!({"file_url": url})))
            .await;
        assert_eq!(app.finished(&list, &file).await["status"], "FAILED");
    }
    let with_password = json!({"file_url": format!("http://u:{PASSWORD}@files.example.com/")});
    app.post(&format!("/coupon-list/{list}/files"), &with_password)
        .await
        .expect_error(400, "invalid-request");

    app.take(&list, USER).await;
    let body = json!({"user_id": USER, "request_id": "r", "hold_seconds": 60});
    app.allocate(&list, &body).await.expect(201);
    app.allocate(&list, &with(body, json!({"user_id": "other"})))
        .await
        .expect_error(409, "request-conflict");
    app.take_many(&list, USER, 50).await;
    app.allocate(&list, &json!({"user_id": format!("{USER}\u{0}")}))
        .await
        .expect_error(400, "invalid-request");

    let stranger = app.with_credentials(Credentials::new(WORKSPACE, WRONG_KEY));
    stranger.get("/coupon-list").await.error();
    app.delete_file(&list, &file).await;
    app.archive(&list).await;
    app.jobs_done().await;
    all
}

/// Row 32 of the contract.
#[tokio::test]
async fn no_secret_reaches_the_logs_even_at_debug() {
    let mut app = TestApp::start_with(|environment| {
        environment.insert("COUPONRY_LOG".to_owned(), "debug".to_owned());
    })
    .await;
    let mut secrets = everything(&app).await;
    let basic = [
        app.credentials.basic(),
        Credentials::new(WORKSPACE, WRONG_KEY).basic(),
        Credentials::new("host-reader", PASSWORD).basic(),
    ];
    secrets.extend(basic.map(|basic| basic.trim_start_matches("Basic ").to_owned()));
    secrets.extend([API_KEY, PASSWORD, SIGNATURE, WRONG_KEY, USER, SUBSCRIBER].map(str::to_owned));
    secrets.push(app.database.url());
    // To its end, so that nothing is missed.
    app.terminate();
    app.ended().await;
    app.restart().await;

    let lines = [app.output().log_lines(), app.output().stdout_lines()].concat();
    assert!(lines.len() > 20, "debug says more than this: {lines:#?}");
    for line in &lines {
        for secret in &secrets {
            assert!(!line.contains(secret), "{secret} in {line}");
        }
    }
}

#[tokio::test]
async fn every_line_is_one_json_object_whatever_was_sent() {
    let app = TestApp::start_with(|environment| {
        environment.insert("COUPONRY_LOG".to_owned(), "debug".to_owned());
    })
    .await;
    let forged = "x\r\n{\"level\":\"ERROR\",\"message\":\"forged\"}\u{1b}[31m";
    let body = with(a_list(), json!({"name": forged, "created_by": forged}));
    app.post("/coupon-list", &body).await.error();
    let percent = "%0d%0a%7b%22message%22:%22forged%22%7d%1b%5b31m";
    app.get(&format!("/coupon-list/{percent}")).await.error();
    app.get(&format!("/coupon-list?status={percent}")).await.error();
    let agent = header::HeaderValue::from_bytes(b"agent \x9b31m \xff\"}{\"message\":\"forged\"").unwrap();
    let request = app.request(Method::GET, "/coupon-list");
    send(request.header(header::USER_AGENT, agent)).await.expect(200);
    let list = app.list_with(&["A-1"]).await;
    app.archive(&list).await;
    app.jobs_done().await;

    for line in app.output().log_lines() {
        let object: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(object.is_object(), "{line}");
        let fields = object.get("fields").unwrap_or(&object);
        assert_ne!(fields["message"], "forged", "{line}");
        assert!(!line.contains('\u{1b}'), "{line}");
        assert!(!text(&object["level"]).is_empty(), "{line}");
    }
}
