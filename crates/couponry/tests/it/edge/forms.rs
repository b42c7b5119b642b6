//! The console's forms: anybody may send the one that signs in.

use reqwest::{Method, header};
use tokio::io::AsyncWriteExt as _;

use super::drip;
use crate::{
    app::{TestApp, send},
    connections::{connect, impatient},
};

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn a_form_that_drips_is_given_up() {
    let app = impatient().await;
    let mut connection = connect(&app).await;
    let head = format!(
        "POST /console/sign-in HTTP/1.1\r\nHost: couponry\r\nContent-Type: {FORM}\r\nContent-Length: 10000\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(drip(&mut connection, b"x").await, Some(400));
}

#[tokio::test]
async fn strangers_send_short_forms_only() {
    let app = TestApp::start().await;
    let visitor = app.visitor("ada", Some("manager")).await;
    let long = format!("codes={}", "x".repeat(100_000));
    for (visitor, path, is_taken) in [
        (None, "/sign-in", false),
        (
            Some(&visitor),
            &*format!("/w/{}/lists/new", crate::app::WORKSPACE),
            true,
        ),
    ] {
        let request = app.page(visitor, Method::POST, path);
        let request = request
            .header(header::CONTENT_TYPE, FORM)
            .header("sec-fetch-site", "same-origin");
        let answer = send(request.body(long.clone())).await;
        assert_eq!(
            answer.text.contains("It is too long."),
            !is_taken,
            "{path}: {}",
            answer.text
        );
    }
}

#[tokio::test]
async fn a_form_with_a_file_has_few_other_fields() {
    let app = TestApp::start().await;
    let visitor = app.visitor("ada", Some("manager")).await;
    let list = app.create_list().await;
    let fields: Vec<_> = (0..100)
        .map(|n| crate::app::part(&format!("name=\"f{n}\""), "", b"x"))
        .collect();
    let path = format!("/w/{}/lists/{list}/upload", crate::app::WORKSPACE);
    let request = app
        .page(Some(&visitor), Method::POST, &path)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=XX")
        .header("sec-fetch-site", "same-origin");
    let answer = send(request.body(crate::app::whole(&fields))).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
}
