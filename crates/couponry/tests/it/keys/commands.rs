//! What the four commands do to who is let in.

use serde_json::{Value, json};

use super::{id, keys, printed_one, states, status};
use crate::app::{API_KEY, TestApp, WORKSPACE, text, until};

fn create(app: &TestApp, label: &str) -> Value {
    super::create(app, label, &[])
}

fn revoke(app: &TestApp, key: &str) -> Value {
    printed_one(app, &["revoke", "--workspace-id", WORKSPACE, "--key-id", key])
}

fn rotate(app: &TestApp, key: &str, more: &[&str]) -> Value {
    let arguments = ["rotate", "--workspace-id", WORKSPACE, "--key-id", key];
    printed_one(app, &[&arguments, more].concat())
}

#[tokio::test]
async fn a_made_key_opens_the_workspace_at_once_and_is_shown_once() {
    let app = TestApp::start().await;
    let made = create(&app, "Warehouse, Łódź");
    let secret = text(&made["api_key"]);
    assert_eq!(secret.len(), 43);
    assert_eq!(
        (&made["workspace_id"], &made["label"]),
        (&json!(WORKSPACE), &json!("Warehouse, Łódź"))
    );
    for key in [secret, API_KEY] {
        assert_eq!(status(&app, key).await, 200);
    }
    assert_eq!(
        states(&app),
        json!([["Warehouse, Łódź", "active"], ["configured", "active"]])
    );
    let listed = format!("{:?}", keys(&app));
    assert!(!listed.contains(secret) && !listed.contains("argon2"), "{listed}");
    let found = app.database.tables_with_any_of(&[secret.to_owned()]).await;
    assert_eq!(found, Vec::<String>::new());
}

#[tokio::test]
async fn a_revoked_key_is_refused_and_the_others_go_on() {
    let app = TestApp::start().await;
    let (goes, stays) = (create(&app, "goes"), create(&app, "stays"));
    let revoked = revoke(&app, &id(&goes));
    assert_eq!(
        (&revoked["key_id"], &revoked["status"]),
        (&goes["key_id"], &json!("revoked"))
    );
    // A server that never saw it refuses it at once, one that did within half a minute.
    assert_eq!(status(&app, text(&goes["api_key"])).await, 401);
    for key in [text(&stays["api_key"]), API_KEY] {
        assert_eq!(status(&app, key).await, 200);
    }
    // Again is as good as once.
    assert_eq!(revoke(&app, &id(&goes)), revoked);
    assert_eq!(
        states(&app),
        json!([["stays", "active"], ["goes", "revoked"], ["configured", "active"]])
    );
}

#[tokio::test]
async fn a_server_that_took_a_key_refuses_it_soon_after_its_end() {
    let app = TestApp::start().await;
    let made = create(&app, "goes");
    assert_eq!(status(&app, text(&made["api_key"])).await, 200);
    revoke(&app, &id(&made));
    until("the key to be refused", async || {
        status(&app, text(&made["api_key"])).await == 401
    })
    .await;
}

#[tokio::test]
async fn a_rotated_key_is_followed_by_one_with_the_same_label() {
    let app = TestApp::start().await;
    let first = create(&app, "Shop");
    let second = rotate(&app, &id(&first), &[]);
    assert_eq!(
        (&second["label"], &second["former_key_id"]),
        (&json!("Shop"), &first["key_id"])
    );
    assert_eq!(status(&app, text(&second["api_key"])).await, 200);
    assert_eq!(status(&app, text(&first["api_key"])).await, 401);

    let third = rotate(&app, &id(&second), &["--overlap-seconds", "3600"]);
    for key in [&second, &third] {
        assert_eq!(status(&app, text(&key["api_key"])).await, 200);
    }
    assert_eq!(
        states(&app),
        json!([
            ["Shop", "active"],
            ["Shop", "ending"],
            ["Shop", "revoked"],
            ["configured", "active"]
        ])
    );
    // The overlap is cut short.
    let fresh_server = app.another_server().await;
    revoke(&app, &id(&second));
    assert_eq!(status(&fresh_server, text(&second["api_key"])).await, 401);
}

#[tokio::test]
async fn an_overlap_ends_by_itself() {
    let app = TestApp::start().await;
    let first = create(&app, "Shop");
    rotate(&app, &id(&first), &["--overlap-seconds", "1"]);
    until("the former key to end", async || {
        keys(&app)[1]["status"] == "revoked"
    })
    .await;
    assert_eq!(status(&app, text(&first["api_key"])).await, 401);
}

#[tokio::test]
async fn a_list_says_on_which_day_a_key_was_used_last() {
    let app = TestApp::start().await;
    let made = create(&app, "never used");
    assert_eq!(status(&app, API_KEY).await, 200);
    let today = app.database.instant_in(0).await[..10].to_owned();
    until("the use to be noted", async || {
        keys(&app)[1]["last_used_on"] == json!(today)
    })
    .await;
    let newest = &keys(&app)[0];
    assert_eq!(
        (&newest["key_id"], &newest["last_used_on"]),
        (&made["key_id"], &Value::Null)
    );
    assert!(text(&newest["created_at"]).starts_with(&today));
    assert_eq!(newest["revoked_at"], Value::Null);
}

#[tokio::test]
async fn what_the_commands_did_is_in_the_audit_log() {
    let app = TestApp::start().await;
    let first = create(&app, "Shop");
    let second = rotate(&app, &id(&first), &[]);
    revoke(&app, &id(&second));
    revoke(&app, &id(&second));
    let log = app.get("/audit-log").await.expect(200);
    let noted: Vec<_> = log["data"].as_array().unwrap().iter().rev().collect();
    let expected = [
        ("key.create", &first),
        ("key.rotate", &first),
        ("key.revoke", &second),
    ];
    assert_eq!(noted.len(), expected.len(), "{noted:?}");
    for (entry, (action, key)) in noted.iter().zip(expected) {
        // No API key asked for it: it was the command line.
        assert_eq!(
            (&entry["action"], &entry["object_id"], &entry["api_key"]),
            (&json!(action), &json!(id(key)), &Value::Null)
        );
    }
}
