//! `COUPONRY_BOOTSTRAP_API_KEY`: what a start with another key does to the one before it.

use serde_json::json;

use super::{keys, printed_one, status};
use crate::app::{API_KEY, Server, TestApp, WORKSPACE, text};

const NEXT: &str = "key-90d2b1aa-the-next-one";

async fn server_with(app: &TestApp, key: &str) -> Server {
    app.another_server_with(|environment| {
        environment.insert("COUPONRY_BOOTSTRAP_API_KEY".to_owned(), key.to_owned());
    })
    .await
}

/// Log lines that hold this text.
fn said(app: &TestApp, text: &str) -> usize {
    let lines = app.output().log_lines();
    lines.iter().filter(|line| line.contains(text)).count()
}

#[tokio::test]
async fn a_start_with_another_key_ends_the_configured_one_before_it() {
    let app = TestApp::start().await;
    let next = server_with(&app, NEXT).await;
    assert_eq!(status(&next, NEXT).await, 200);
    assert_eq!(status(&next, API_KEY).await, 401);
    // The server that ran already takes the new key at once.
    assert_eq!(status(&app, NEXT).await, 200);
    let states: Vec<_> = keys(&app)
        .iter()
        .map(|key| json!([key["configured"], key["status"]]))
        .collect();
    assert_eq!(states, [json!([true, "active"]), json!([true, "revoked"])]);
    assert_eq!(said(&app, "its predecessor was revoked"), 1);
}

#[tokio::test]
async fn a_server_that_starts_again_with_the_key_before_does_not_bring_it_back() {
    let mut app = TestApp::start().await;
    let next = server_with(&app, NEXT).await;
    app.kill();
    app.restart().await;
    // It answers, but not that key; and it says why.
    assert_eq!(status(&app, API_KEY).await, 401);
    for server in [&*app, &next] {
        assert_eq!(status(server, NEXT).await, 200);
    }
    assert_eq!(said(&app, "is a revoked one"), 1);
    // Nothing flaps: whoever starts with the new key finds it as it was.
    let third = server_with(&app, NEXT).await;
    assert_eq!(status(&third, NEXT).await, 200);
    assert_eq!(status(&third, API_KEY).await, 401);
    assert_eq!(keys(&app).len(), 2);
}

#[tokio::test]
async fn servers_that_start_at_once_with_the_same_new_key_agree_on_it() {
    let app = TestApp::start().await;
    let servers = futures_util::future::join_all((0..4).map(|_| server_with(&app, NEXT))).await;
    for server in &servers {
        assert_eq!(status(server, NEXT).await, 200);
        assert_eq!(status(server, API_KEY).await, 401);
    }
    assert_eq!(keys(&app).len(), 2);
}

#[tokio::test]
async fn a_key_of_the_command_line_may_become_the_configured_one() {
    let app = TestApp::start().await;
    let made = printed_one(
        &app,
        &[
            "create",
            "--workspace-id",
            WORKSPACE,
            "--label",
            "the next one",
            "--role",
            "read",
            "--api-key",
            NEXT,
        ],
    );
    // Both work, so that clients can be moved one after the other.
    assert_eq!(status(&app, NEXT).await, 200);
    assert_eq!(status(&app, API_KEY).await, 200);
    let next = server_with(&app, NEXT).await;
    assert_eq!(status(&next, NEXT).await, 200);
    assert_eq!(status(&next, API_KEY).await, 401);
    let newest = &keys(&app)[0];
    assert_eq!(
        (&newest["key_id"], &newest["label"], &newest["configured"]),
        (&made["key_id"], &json!("the next one"), &json!(true))
    );
    // From then on it has every right.
    assert_eq!(
        (&made["role"], &newest["role"]),
        (&json!("read"), &json!("manage"))
    );
}

#[tokio::test]
async fn a_configured_key_that_was_revoked_by_hand_stays_revoked() {
    let mut app = TestApp::start().await;
    let key = keys(&app)[0]["key_id"].to_string();
    printed_one(&app, &["revoke", "--workspace-id", WORKSPACE, "--key-id", &key]);
    app.kill();
    app.restart().await;
    assert_eq!(status(&app, API_KEY).await, 401);
    assert_eq!(keys(&app).len(), 1);
}

#[tokio::test]
async fn a_configured_key_that_was_given_an_end_keeps_it_when_the_next_one_is_configured() {
    let mut app = TestApp::start().await;
    let first = keys(&app)[0]["key_id"].to_string();
    let arguments = [
        "rotate",
        "--workspace-id",
        WORKSPACE,
        "--key-id",
        &first,
        "--overlap-seconds",
        "3600",
    ];
    let rotated = printed_one(&app, &arguments);
    let next = server_with(&app, text(&rotated["api_key"])).await;
    for key in [API_KEY, text(&rotated["api_key"])] {
        assert_eq!(status(&next, key).await, 200);
    }
    let configured: Vec<_> = keys(&app)
        .iter()
        .map(|key| json!([key["configured"], key["status"]]))
        .collect();
    assert_eq!(configured, [json!([true, "active"]), json!([true, "ending"])]);
    // A server that starts with it until then says when it ends, not that it has.
    app.kill();
    app.restart().await;
    assert_eq!(status(&app, API_KEY).await, 200);
    assert_eq!(said(&app, "it opens nothing from that time on"), 1);
    assert_eq!(said(&app, "\"ends_at\":"), 1);
}
