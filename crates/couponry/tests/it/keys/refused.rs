//! What the commands and the start do not take, and what they say.

use std::io::Write as _;

use super::{keys, printed, printed_one, refused};
use crate::app::{API_KEY, TestApp, WORKSPACE};

const KEY: &str = "key-5d7720ab-brought-along";

fn create<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["create", "--workspace-id", WORKSPACE], more].concat()
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let app = TestApp::start().await;
    let configured = keys(&app)[0]["key_id"].to_string();
    let other = app.create_workspace(&["--name", "Other"]);
    for arguments in [
        vec!["create", "--workspace-id", "nobody", "--label", "x"],
        vec!["list", "--workspace-id", "nobody"],
        vec!["revoke", "--workspace-id", "nobody", "--key-id", &configured],
        vec!["rotate", "--workspace-id", "nobody", "--key-id", &configured],
    ] {
        let (status, said) = refused(&app, &arguments);
        assert_eq!(status, 1, "{arguments:?}");
        assert!(said.contains("there is no workspace nobody"), "{said}");
    }
    for (workspace, key) in [
        (WORKSPACE, "987654"),
        (&*other.credentials.workspace, &*configured),
    ] {
        for command in ["revoke", "rotate"] {
            let (status, said) = refused(&app, &[command, "--workspace-id", workspace, "--key-id", key]);
            assert_eq!(status, 1);
            assert!(said.contains(&format!("has no key {key}")), "{said}");
        }
    }
    app.get("/coupon-list").await.expect(200);
}

#[tokio::test]
async fn the_last_key_may_be_revoked_but_a_warning_says_what_that_means() {
    let app = TestApp::start().await;
    let configured = keys(&app)[0]["key_id"].to_string();
    let output = app.command(&[
        "key",
        "revoke",
        "--workspace-id",
        WORKSPACE,
        "--key-id",
        &configured,
    ]);
    assert!(output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("no key left"), "{said}");
    assert!(said.contains("COUPONRY_BOOTSTRAP_API_KEY"), "{said}");
    let (status, said) = refused(
        &app,
        &["rotate", "--workspace-id", WORKSPACE, "--key-id", &configured],
    );
    assert_eq!(status, 1);
    assert!(said.contains("is revoked"), "{said}");
    // The way back in.
    printed(&app, &create(&["--label", "again"]));
}

#[tokio::test]
async fn the_twenty_first_key_is_refused_until_one_is_revoked() {
    let app = TestApp::start().await;
    let mut last = String::new();
    for n in 1..=20 {
        let made = printed_one(&app, &create(&["--label", &format!("key {n}")]));
        last = made["key_id"].to_string();
    }
    let (status, said) = refused(&app, &create(&["--label", "one more"]));
    assert_eq!(status, 1);
    assert!(said.contains("20 keys"), "{said}");
    let (status, said) = refused(
        &app,
        &[
            "rotate",
            "--workspace-id",
            WORKSPACE,
            "--key-id",
            &last,
            "--overlap-seconds",
            "60",
        ],
    );
    assert_eq!(status, 1);
    assert!(said.contains("20 keys"), "{said}");
    printed(&app, &["rotate", "--workspace-id", WORKSPACE, "--key-id", &last]);
    let newest = keys(&app)[0]["key_id"].to_string();
    printed(
        &app,
        &["revoke", "--workspace-id", WORKSPACE, "--key-id", &newest],
    );
    printed(&app, &create(&["--label", "one more"]));
}

#[tokio::test]
async fn a_key_that_is_there_already_or_was_revoked_is_not_taken_again() {
    let app = TestApp::start().await;
    let (status, said) = refused(&app, &create(&["--label", "x", "--api-key", API_KEY]));
    assert_eq!(status, 1);
    assert!(said.contains("is a key of the workspace already"), "{said}");
    let made = printed_one(&app, &create(&["--label", "x", "--api-key", KEY]));
    let key = made["key_id"].to_string();
    printed(&app, &["revoke", "--workspace-id", WORKSPACE, "--key-id", &key]);
    let (status, said) = refused(&app, &create(&["--label", "x", "--api-key", KEY]));
    assert_eq!(status, 1);
    assert!(said.contains("was revoked"), "{said}");
}

#[tokio::test]
async fn examples_and_short_keys_are_refused_wherever_a_key_is_given() {
    let app = TestApp::start().await;
    let before = keys(&app).len();
    for key in [
        "short-key-15-ch",
        "changeme-changeme",
        "YOUR_API_KEY_HERE",
        "aaaaaaaaaaaaaaaaaaaaaaaa",
        "a-key-with-a\ttab-in-it",
    ] {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "{key}").unwrap();
        let path = file.path().to_str().unwrap();
        for arguments in [
            [&["key"], &*create(&["--label", "x", "--api-key", key])].concat(),
            [&["key"], &*create(&["--label", "x", "--api-key-file", path])].concat(),
            vec!["workspace", "create", "--name", "x", "--api-key", key],
            vec!["workspace", "create", "--name", "x", "--api-key-file", path],
            // Later flags win over the variable of the environment.
            vec!["config", "check", "--bootstrap-api-key", key],
        ] {
            let output = app.command(&arguments);
            assert!(!output.status.success(), "{arguments:?}");
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            assert!(!said.contains(key), "{said}");
            assert!(said.contains("openssl rand -hex 32"), "{said}");
        }
    }
    assert_eq!(keys(&app).len(), before);
}

#[tokio::test]
async fn arguments_that_make_no_sense_are_refused_by_name() {
    let app = TestApp::start().await;
    let long = "x".repeat(256);
    for label in ["", " ", "a\u{7}b", &long] {
        let (status, said) = refused(&app, &create(&["--label", label]));
        assert_eq!(status, 2, "{label:?}");
        assert!(said.contains("--label"), "{said}");
    }
    let key = keys(&app)[0]["key_id"].to_string();
    for overlap in ["-1", "x", "2592001"] {
        let argument = format!("--overlap-seconds={overlap}");
        let (status, said) = refused(
            &app,
            &["rotate", "--workspace-id", WORKSPACE, "--key-id", &key, &argument],
        );
        assert_eq!(status, 2, "{overlap}");
        assert!(said.contains("--overlap-seconds"), "{said}");
    }
    assert_eq!(keys(&app).len(), 1);
}

#[tokio::test]
async fn a_server_has_a_role_too_and_neither_is_taken_for_the_other() {
    let app = TestApp::start().await;
    for arguments in [
        &["serve", "--role", "manage"][..],
        &["--role", "manage", "serve"],
        &["--role", "read", "key", "list", "--workspace-id", WORKSPACE],
    ] {
        let output = app.command(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains("COUPONRY_ROLE"), "{said}");
    }
    let arguments = [
        "--role",
        "worker",
        "key",
        "create",
        "--workspace-id",
        WORKSPACE,
        "--label",
        "x",
        "--role",
        "read",
    ];
    assert!(app.command(&arguments).status.success());
    assert_eq!(keys(&app)[0]["role"], "read");
}
