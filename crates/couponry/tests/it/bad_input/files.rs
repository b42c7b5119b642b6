//! Bad fields of the upload of a file.

use serde_json::{Value, json};

use super::{INVALID, Victim, assert_refused};
use crate::app::{FileHost, TestApp, csv, with};

const PRIVATE: &[&str] = &[
    "http://10.0.0.1/codes.csv",
    "http://172.16.5.5/codes.csv",
    "http://192.168.1.1/codes.csv",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.64.0.1/codes.csv",
    "http://198.18.0.1/codes.csv",
    "http://192.0.0.1/codes.csv",
    "http://240.0.0.1/codes.csv",
    "http://0.0.0.0/codes.csv",
    "http://255.255.255.255/codes.csv",
    "http://224.0.0.1/codes.csv",
    "http://167772161/codes.csv",
    "http://0x0a000001/codes.csv",
    "http://012.0.0.1/codes.csv",
    "http://10.1/codes.csv",
    "http://[::]/codes.csv",
    "http://[::1]/codes.csv",
    "http://[::ffff:10.0.0.1]/codes.csv",
    "http://[64:ff9b::10.0.0.1]/codes.csv",
    "http://[2002:a00:1::]/codes.csv",
    "http://[fc00::1]/codes.csv",
    "http://[fe80::1]/codes.csv",
    "http://[ff02::1]/codes.csv",
];

fn bad_urls() -> Vec<Value> {
    let mut urls: Vec<Value> = [
        "   ",
        "codes.csv",
        "//files.example.com/codes.csv",
        "http://",
        "http:///codes.csv",
        "http://[::1",
        "http://[zz]/codes.csv",
        "http://1.2.3.4.5/codes.csv",
        "http://files.example.com:99999/codes.csv",
        "http://files.example.com:port/codes.csv",
        "ftp://files.example.com/codes.csv",
        "file:///etc/passwd",
        "s3://bucket/codes.csv",
        "javascript:alert(1)",
        "data:text/csv,Coupon%20Code",
        "http://reader:secret@files.example.com/codes.csv",
        "http://reader@files.example.com/codes.csv",
        "http://files.example.com:22/codes.csv",
        "http://files.example.com:5432/codes.csv",
        "http://files.example.com/\u{0}codes.csv",
        "http://files.example.com/codes.csv\r\nHost: other",
    ]
    .into_iter()
    .chain(PRIVATE.iter().copied())
    .map(Value::from)
    .collect();
    urls.push(json!(format!("http://files.example.com/{}", "x".repeat(2048))));
    urls.extend([
        json!(5),
        json!(true),
        json!([]),
        json!(["http://a.example.com/"]),
        json!({"url": "http://a.example.com/"}),
    ]);
    urls
}

/// Rows 30 and 32 of docs/MIGRATING.md.
#[tokio::test]
async fn no_file_is_accepted_with_bad_fields() {
    let victim = Victim::new().await;
    let good = json!({"file_url": "http://files.example.com/codes.csv"});
    let texts = || {
        vec![
            json!(5),
            json!(["x"]),
            json!("a\r\nb"),
            json!("a\u{0}b"),
            json!("x".repeat(2000)),
        ]
    };
    let mut bad_callbacks = bad_urls();
    bad_callbacks.push(json!("x"));
    for (key, values) in [
        ("file_url", bad_urls()),
        ("callback_url", bad_callbacks),
        ("name", texts()),
        ("created_by", texts()),
        ("file_url_auth_username", texts()),
    ] {
        for value in values {
            let body = with(good.clone(), json!({key: value}));
            let answer = victim.app.post(&victim.path("/files"), &body).await;
            assert_refused(&answer, INVALID, &format!("{key}: {value}"));
            assert!(!answer.text.contains("secret"), "{}", answer.text);
        }
    }
    for value in texts() {
        let login = json!({"file_url_auth_username": "reader", "file_url_auth_password": value});
        let body = with(good.clone(), login);
        let answer = victim.app.post(&victim.path("/files"), &body).await;
        assert_refused(&answer, INVALID, &format!("password: {value}"));
    }
    for login in [
        json!({"file_url_auth_password": "secret"}),
        json!({"file_url_auth_username": "", "file_url_auth_password": "secret"}),
        json!({"file_url_auth_username": "a:b", "file_url_auth_password": "secret"}),
    ] {
        let answer = victim
            .app
            .post(&victim.path("/files"), &with(good.clone(), login.clone()))
            .await;
        assert_refused(&answer, INVALID, &login.to_string());
        assert!(!answer.text.contains("secret"), "{}", answer.text);
    }
    victim.assert_unharmed().await;
}

#[tokio::test]
async fn a_bad_url_is_told_by_what_is_wrong_with_it() {
    let victim = Victim::new().await;
    for (key, url, why) in [
        (
            "file_url",
            "https://files.example.com/my codes.csv",
            "must not contain blanks; a blank within the URL is written %20.",
        ),
        (
            "file_url",
            "files.example.com/codes.csv",
            "must be a complete URL like https://files.example.com/codes.csv.",
        ),
        (
            "file_url",
            "https://",
            "must name its host after '//', as in https://files.example.com/codes.csv.",
        ),
        (
            "file_url",
            "https://files.example.com:99999/codes.csv",
            "must use port 80, 443 or one from 1024 to 65535 that no well-known service has.",
        ),
        (
            "file_url",
            "https://reader:secret@files.example.com/codes.csv",
            "must not carry a user name or password; use 'file_url_auth_username' and 'file_url_auth_password'.",
        ),
        (
            "callback_url",
            "https://reader:secret@files.example.com/told",
            "must not carry a user name or password; the receiver knows a callback by its signature.",
        ),
        (
            "callback_url",
            "http://10.0.0.1/told",
            "must name a public host, not a private address or a local name.",
        ),
    ] {
        let body = with(
            json!({"file_url": "http://files.example.com/codes.csv"}),
            json!({key: url}),
        );
        let answer = victim.app.post(&victim.path("/files"), &body).await;
        let message = answer.expect_error(400, "invalid-request");
        assert!(message.ends_with(&format!("'{key}' {why}")), "{url}: {message}");
    }
    victim.assert_unharmed().await;
}

#[tokio::test]
async fn blanks_round_a_url_do_not_matter() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let url = host.serve("/codes.csv", csv(&["A-1"]));
    let file = app.load(&list, &format!(" {url}\r\n")).await;
    assert_eq!(
        (&file["status"], &file["file_url"]),
        (&json!("SUCCESS"), &json!(url))
    );
}

/// Row 32 of docs/MIGRATING.md.
#[tokio::test]
async fn without_an_exception_this_machine_is_private_too() {
    let app = TestApp::start_with(|environment| {
        environment.remove("COUPONRY_OUTBOUND_ALLOW");
    })
    .await;
    let list = app.create_list().await;
    let path = format!("/coupon-list/{list}/files");
    for url in [
        "http://127.0.0.1/codes.csv",
        "http://127.9.9.9:8080/codes.csv",
        "http://2130706433/codes.csv",
        "http://0x7f.1/codes.csv",
        "http://[::1]/codes.csv",
        "http://[::ffff:127.0.0.1]/codes.csv",
        "http://localhost/codes.csv",
        "http://LOCALHOST.:8080/codes.csv",
        "http://a.localhost/codes.csv",
        "http://db/codes.csv",
        "http://metadata.google.internal/codes.csv",
    ] {
        let answer = app.post(&path, &json!({"file_url": url})).await;
        assert_refused(&answer, INVALID, url);
    }
    assert_eq!(app.get(&path).await.text, r#"{"data":[]}"#);
}
