//! Coming in for the first time, and with a password.

use super::path_in;
use crate::app::{Answer, TestApp};

const PASSWORD: &str = "correct horse battery";

async fn setup_path(app: &TestApp) -> String {
    app.logs(&["this link makes the first admin"]).await;
    let lines = app.output().log_lines();
    path_in(lines.iter().find(|line| line.contains("/console/link/")).unwrap())
}

async fn set_up(app: &TestApp, path: &str) -> Answer {
    let fields = [
        ("name", "Ada"),
        ("email", "Ada@example.com"),
        ("password", PASSWORD),
        ("again", PASSWORD),
    ];
    app.fill(None, path, &fields).await
}

fn leads_in(answer: &Answer) -> bool {
    answer.status == 303
        && answer.header("location") == Some("/console")
        && answer.header("set-cookie").is_some_and(|cookie| {
            cookie.starts_with("couponry=") && cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax")
        })
}

async fn sign_in(app: &TestApp, email: &str, password: &str) -> Answer {
    app.fill(None, "/sign-in", &[("email", email), ("password", password)])
        .await
}

#[tokio::test]
async fn the_first_start_says_how_the_first_admin_comes_in_once() {
    let app = TestApp::start().await;
    let path = setup_path(&app).await;
    let short = [
        ("name", "Ada"),
        ("email", "ada@example.com"),
        ("password", "short"),
        ("again", "short"),
    ];
    let refused = app.fill(None, &path, &short).await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.text.contains("at least 15 characters"),
        "{}",
        refused.text
    );
    assert!(leads_in(&set_up(&app, &path).await));
    assert_eq!(set_up(&app, &path).await.status, 422);
    assert!(leads_in(&sign_in(&app, "ada@EXAMPLE.com", PASSWORD).await));
    for (email, password) in [
        ("ada@example.com", "correct horse batterie"),
        ("nobody@example.com", PASSWORD),
    ] {
        let wrong = sign_in(&app, email, password).await;
        assert_eq!(wrong.status, 422);
        assert!(wrong.text.contains("do not belong together"), "{}", wrong.text);
        assert_eq!(wrong.header("set-cookie"), None);
    }
}

#[tokio::test]
async fn a_person_of_the_command_line_chooses_a_password_and_is_shut_out_by_it() {
    let app = TestApp::start().await;
    let made = app.command(&["person", "create", "--email", "bob@example.com"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let path = path_in(&String::from_utf8(made.stdout).unwrap());
    let chosen = app
        .fill(None, &path, &[("password", PASSWORD), ("again", PASSWORD)])
        .await;
    assert_eq!(
        (chosen.status, chosen.header("location")),
        (303, Some("/console/sign-in"))
    );
    assert!(leads_in(&sign_in(&app, "bob@example.com", PASSWORD).await));
    let listed = app.command(&["person", "list"]);
    assert!(
        String::from_utf8(listed.stdout)
            .unwrap()
            .contains("\"email\":\"bob@example.com\"")
    );
    assert!(
        app.command(&["person", "disable", "--email", "bob@example.com"])
            .status
            .success()
    );
    assert_eq!(sign_in(&app, "bob@example.com", PASSWORD).await.status, 422);
    assert!(
        !app.command(&["person", "disable", "--email", "bob@example.com"])
            .status
            .success()
    );
}

#[tokio::test]
async fn who_guesses_passwords_is_stopped_and_the_right_one_from_there_with_them() {
    let app = TestApp::start().await;
    let path = setup_path(&app).await;
    assert!(leads_in(&set_up(&app, &path).await));
    for _ in 0..10 {
        let wrong = sign_in(&app, "ada@example.com", "wrong horse battery").await;
        assert!(wrong.text.contains("do not belong together"));
    }
    let stopped = sign_in(&app, "ada@example.com", PASSWORD).await;
    assert!(
        stopped.text.contains("Try again in a quarter of an hour"),
        "{}",
        stopped.text
    );
}
