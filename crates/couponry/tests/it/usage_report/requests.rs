//! Who may ask for a report and see it, and what is wrong with a request for one.

use reqwest::Method;
use serde_json::json;

use super::{ask, day, download, report};
use crate::app::{TestApp, send, text, texts, with};

/// Rows 20 and 36 of docs/MIGRATING.md.
#[tokio::test]
async fn bad_requests_are_told_apart() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let today = day(&app, 0).await;
    let good = json!({"start_date": today, "end_date": today, "email_subscribers": ["ann@example.com"]});
    for key in ["start_date", "end_date", "email_subscribers"] {
        let mut without = good.clone();
        without.as_object_mut().unwrap().remove(key);
        for body in [without, with(good.clone(), json!({key: null}))] {
            let message = ask(&app, &list, &body)
                .await
                .expect_error(400, "missing-mandatory-attributes");
            assert_eq!(
                message,
                format!("Missing mandatory key '{key}'. Please verify and try again.")
            );
        }
    }
    let early = with(good.clone(), json!({"start_date": day(&app, -1).await}));
    assert_eq!(
        ask(&app, &list, &early)
            .await
            .expect_error(400, "invalid-request"),
        "The start date cannot be earlier than the coupon list creation date. Please verify your dates and try again."
    );
    let future = with(good.clone(), json!({"end_date": day(&app, 1).await}));
    assert_eq!(
        ask(&app, &list, &future)
            .await
            .expect_error(400, "invalid-request"),
        "The end date cannot be set in the future. Please verify the dates and try again."
    );
    for change in [
        json!({"end_date": day(&app, -1).await}),
        json!({"start_date": "2026-02-30"}),
        json!({"start_date": format!("{today}T00:00:00")}),
        json!({"start_date": 20_261_101}),
        json!({"end_date": ""}),
        json!({"email_subscribers": []}),
        json!({"email_subscribers": "ann@example.com"}),
        json!({"email_subscribers": ["ann"]}),
        json!({"email_subscribers": ["ann@example.com\r\nBcc: eve@example.com"]}),
        json!({"email_subscribers": [1]}),
        json!({"email_subscribers": vec!["a@example.com,b@example.com"]}),
    ] {
        ask(&app, &list, &with(good.clone(), change))
            .await
            .expect_error(400, "invalid-request");
    }
    ask(&app, texts::UNKNOWN_ID, &good)
        .await
        .expect_error(404, "coupon-list-not-found");
    let thousand: Vec<&str> = std::iter::repeat_n("ann@example.com", 1000).collect();
    ask(&app, &list, &with(good, json!({"email_subscribers": thousand})))
        .await
        .expect(200);
    app.forget_mails().await;
}

#[tokio::test]
async fn a_report_of_nobody_elses_is_seen() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1"]).await;
    let ready = report(&app, &list).await;
    let other = app.create_workspace(&["--name", "Other"]);
    let path = format!("/usage-report/{}", text(&ready["_id"]));
    for path in [
        path.clone(),
        format!("{path}/download"),
        format!("/usage-report/{}", texts::UNKNOWN_ID),
    ] {
        other.get(&path).await.expect_error(404, "not-found");
    }
    send(app.anonymous(Method::GET, &format!("/v1{path}/download")))
        .await
        .expect_error(401, "request-unauthenticated");
    app.forget_mails().await;
}

#[tokio::test]
async fn a_report_that_is_being_built_cannot_be_downloaded_yet() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1"]).await;
    let ready = report(&app, &list).await;
    sqlx::query("update usage_report set status = 'PENDING', ended_at = null, rows = null, bytes = null, gzip_bytes = null")
        .execute(&mut app.database.connect().await)
        .await
        .unwrap();
    download(&app, &ready)
        .await
        .expect_error(409, "usage-report-not-ready");
    app.forget_mails().await;
}
