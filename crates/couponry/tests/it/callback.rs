//! What a file's uploader is told when its load has ended (row 33 of docs/MIGRATING.md).

use base64::prelude::{BASE64_STANDARD, Engine as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::app::{FileHost, Page, TestApp, codes, csv, send, shape, text, until, wait_for};

/// Uploads with a callback to `/told`; the file's id.
async fn upload(app: &TestApp, host: &FileHost, list: &str, file: &[u8], told: Page) -> String {
    let url = host.serve("/codes.csv", file);
    let callback_url = host.answer("/told", told);
    app.upload_from(list, &json!({"file_url": url, "callback_url": callback_url}))
        .await
}

async fn secret(app: &TestApp) -> String {
    text(&app.get("/webhook-secret").await.expect(200)["secret"]).to_owned()
}

/// By the letter of the Standard Webhooks specification.
fn signature(secret: &str, id: &str, timestamp: &str, body: &[u8]) -> String {
    let key = BASE64_STANDARD
        .decode(secret.strip_prefix("whsec_").unwrap())
        .unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

/// Row 33 of docs/MIGRATING.md.
#[tokio::test]
async fn a_callback_shows_the_file_as_it_is_read_and_is_signed() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let file = upload(
        &app,
        &host,
        &list,
        csv(&codes("A", 3)).as_ref(),
        Page::status(204),
    )
    .await;
    let read = app.finished(&list, &file).await;
    app.jobs_done().await;

    let visits = host.visits("/told");
    assert_eq!(visits.len(), 1);
    let visit = &visits[0];
    assert_eq!(visit.header("content-type"), Some("application/json"));
    let told: Value = serde_json::from_slice(&visit.body).unwrap();
    let mut expected = read;
    expected["coupons_list_id"] = json!(list);
    assert_eq!(told, expected);
    assert_eq!(told["status"], "SUCCESS");
    assert_eq!(
        shape(std::str::from_utf8(&visit.body).unwrap()),
        "{coupon_list_id,name,status,file_url,created_by,created_at,updated_at,_id,added_coupons,coupons_list_id}"
    );
    let header = |name| visit.header(name).unwrap();
    let expected = signature(
        &secret(&app).await,
        header("webhook-id"),
        header("webhook-timestamp"),
        &visit.body,
    );
    assert_eq!(header("webhook-signature"), expected);
}

/// Row 33 of docs/MIGRATING.md.
#[tokio::test]
async fn a_file_that_failed_is_told_with_its_reason() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    upload(&app, &host, &list, b"Coupon Code\n", Page::status(200)).await;
    app.jobs_done().await;
    let told: Value = serde_json::from_slice(&host.visits("/told")[0].body).unwrap();
    assert_eq!(told["status"], "FAILED");
    assert_eq!(told["details"]["reason"], "file holds no code");
}

#[tokio::test]
async fn a_line_that_may_be_a_code_is_told_to_the_workspace_and_not_to_the_receiver() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let file = upload(&app, &host, &list, b"SECRET-1\nSECRET-2\n", Page::status(200)).await;
    app.jobs_done().await;
    let read = app.finished(&list, &file).await;
    let visits = host.visits("/told");
    let told: Value = serde_json::from_slice(&visits[0].body).unwrap();
    let reason = text(&told["details"]["reason"]);
    assert!(reason.starts_with("header 'Coupon Code' not found: "), "{reason}");
    assert!(!reason.contains("SECRET"), "{reason}");
    assert_eq!(
        read["details"]["reason"],
        format!("{reason}; the first line is 'SECRET-1'")
    );
}

/// Row 33 of docs/MIGRATING.md.
#[tokio::test]
async fn a_receiver_that_fails_or_redirects_is_called_again_with_the_same_id() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let elsewhere = host.answer("/elsewhere", Page::status(200));
    let told = Page::in_turn([Page::status(500), Page::redirect(&elsewhere), Page::status(204)]);
    upload(&app, &host, &list, csv(&["A-1"]).as_ref(), told).await;
    until("the third call", async || host.visits("/told").len() == 3).await;
    app.jobs_done().await;

    let visits = host.visits("/told");
    assert_eq!(visits.len(), 3);
    assert!(
        visits
            .iter()
            .all(|visit| visit.header("webhook-id") == visits[0].header("webhook-id"))
    );
    assert_eq!(host.visits("/elsewhere").len(), 0);
}

#[tokio::test]
async fn a_server_that_is_killed_before_the_callback_makes_it_after_its_start() {
    let mut app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let (_, gate) = host.serve_at_a_gate("/told", b"{}".as_slice());
    let url = host.serve("/codes.csv", csv(&["A-1"]));
    let callback_url = host.url("/told");
    let file = app
        .upload_from(&list, &json!({"file_url": url, "callback_url": callback_url}))
        .await;
    wait_for("the callback to begin", async || {
        host.visits("/told").first().cloned()
    })
    .await;
    app.kill();
    gate.open();
    app.restart().await;
    app.jobs_done().await;
    let visits = host.visits("/told");
    assert!(!visits.is_empty());
    // The state was final when the callback was made.
    assert_eq!(app.file(&list, &file).await["status"], "SUCCESS");
}

#[tokio::test]
async fn a_private_receiver_is_not_called() {
    let app = TestApp::start_with(|environment| {
        environment.insert("COUPONRY_OUTBOUND_ALLOW".to_owned(), "127.0.0.2".to_owned());
    })
    .await;
    let host = FileHost::start_on("127.0.0.2").await;
    let private = FileHost::start().await;
    let list = app.create_list().await;
    let url = host.serve("/codes.csv", csv(&["A-1"]));
    let callback_url = private.answer("/told", Page::status(200));
    app.post(
        &format!("/coupon-list/{list}/files"),
        &json!({"file_url": url, "callback_url": callback_url}),
    )
    .await
    .expect_error(400, "invalid-request");
    assert_eq!(private.visits("/told").len(), 0);
}

#[tokio::test]
async fn a_new_secret_signs_beside_the_one_before_it() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let before = secret(&app).await;
    let made = send(app.request(Method::POST, "/webhook-secret")).await;
    let now = text(&made.expect(200)["secret"]).to_owned();
    assert_ne!(before, now);
    assert_eq!(secret(&app).await, now);
    assert_eq!(made.header("cache-control"), Some("no-store"));

    upload(&app, &host, &list, csv(&["A-1"]).as_ref(), Page::status(204)).await;
    app.jobs_done().await;
    let visit = &host.visits("/told")[0];
    let header = |name| visit.header(name).unwrap();
    let of = |secret| {
        signature(
            secret,
            header("webhook-id"),
            header("webhook-timestamp"),
            &visit.body,
        )
    };
    assert_eq!(
        header("webhook-signature"),
        format!("{} {}", of(&now), of(&before))
    );
}

#[tokio::test]
async fn a_secret_is_its_workspaces_own() {
    let app = TestApp::start().await;
    let other = app.create_workspace(&["--name", "Other"]);
    let others = text(&other.get("/webhook-secret").await.expect(200)["secret"]).to_owned();
    assert_ne!(others, secret(&app).await);
    send(app.anonymous(Method::GET, "/v1/webhook-secret"))
        .await
        .expect_error(401, "request-unauthenticated");
}
