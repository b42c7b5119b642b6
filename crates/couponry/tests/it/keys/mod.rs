//! `couponry key create|list|revoke|rotate`, and the key that is configured for the start.

mod commands;
mod configured;
mod lists;
mod refused;
mod roles;

use serde_json::{Value, json};

use crate::app::{Client, Credentials, TestApp, WORKSPACE, text};

/// What the command printed, one JSON object a line. It must have succeeded.
fn printed(app: &TestApp, arguments: &[&str]) -> Vec<Value> {
    let output = app.command(&[&["key"], arguments].concat());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The one object that the command printed.
fn printed_one(app: &TestApp, arguments: &[&str]) -> Value {
    let mut lines = printed(app, arguments);
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines.remove(0)
}

/// The exit status and what was said of a command that must fail.
fn refused(app: &TestApp, arguments: &[&str]) -> (i32, String) {
    let output = app.command(&[&["key"], arguments].concat());
    assert!(output.stdout.is_empty(), "{arguments:?}");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap(), stderr)
}

fn keys(app: &TestApp) -> Vec<Value> {
    printed(app, &["list", "--workspace-id", WORKSPACE])
}

fn create(app: &TestApp, label: &str, more: &[&str]) -> Value {
    let arguments = ["create", "--workspace-id", WORKSPACE, "--label", label];
    printed_one(app, &[&arguments, more].concat())
}

fn id(key: &Value) -> String {
    key["key_id"].to_string()
}

/// A program that has got this key.
fn client(app: &TestApp, key: &Value) -> Client {
    app.with_credentials(Credentials::new(WORKSPACE, text(&key["api_key"])))
}

/// The keys' labels and states, the newest first.
fn states(app: &TestApp) -> Value {
    let state = |key: &Value| json!([key["label"], key["status"]]);
    keys(app).iter().map(state).collect()
}

/// What this key is answered.
async fn status(server: &Client, key: &str) -> u16 {
    let client = server.with_credentials(Credentials::new(WORKSPACE, key));
    client.get("/coupon-list").await.status
}
