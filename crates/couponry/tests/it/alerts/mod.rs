//! Mails about a list (rows 39 and 40 of docs/MIGRATING.md), at a real SMTP server.

mod mails;
mod shortage;

use serde_json::{Value, json};

use crate::app::{Mail, MailHost, TestApp, a_list, until, with};

async fn app_with_mail() -> (TestApp, MailHost) {
    let mail = MailHost::start().await;
    let app = TestApp::start_with(|environment| mail.relay_for(environment)).await;
    (app, mail)
}

/// A list of which jane is told.
fn subscribed(alerts: Value) -> Value {
    subscribed_by(&["jane@example.com"], alerts)
}

fn subscribed_by(subscribers: &[&str], alerts: Value) -> Value {
    with(
        a_list(),
        json!({"email_alert_subscribers": subscribers, "alert_conditions": alerts}),
    )
}

fn alert_below(threshold: i64) -> Value {
    json!({"coupon_shortage_alert": {"alert": true, "threshold_count": threshold}})
}

fn assert_well_formed(mail: &Mail) {
    assert_eq!(mail.to, ["jane@example.com"]);
    assert_eq!(
        mail.header("From").as_deref(),
        Some("couponry <coupons@example.com>")
    );
    assert_eq!(mail.header("To").as_deref(), Some("jane@example.com"));
    assert_eq!(mail.header("Auto-Submitted").as_deref(), Some("auto-generated"));
    let id = mail.header("Message-ID").unwrap();
    assert!(id.starts_with('<') && id.ends_with("@example.com>"), "{id}");
    let html = mail.text("text/html");
    assert!(
        html.contains("name=\"viewport\"") && !html.contains("src=") && !html.contains("http"),
        "{html}"
    );
}

/// Waits until the lists have been looked at twice, so once from beginning to end.
async fn watched(app: &TestApp) {
    let mut session = app.database.connect().await;
    let mut turns = Vec::new();
    until("the lists to be looked at", async || {
        let turn: String = sqlx::query_scalar("select next_at::text from turn")
            .fetch_one(&mut session)
            .await
            .unwrap();
        if turns.last() != Some(&turn) {
            turns.push(turn);
        }
        turns.len() > 3
    })
    .await;
}
