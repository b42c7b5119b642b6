//! Invitations: shown or mailed, looked through, made anew and withdrawn.

use super::{Visitor, path_in};
use crate::app::{MailHost, TestApp, WORKSPACE, until};

const PASSWORD: &str = "correct horse battery";

fn people() -> String {
    format!("/w/{WORKSPACE}/people")
}

async fn app_with_mail() -> (TestApp, MailHost, Visitor) {
    let mail = MailHost::start().await;
    let app = TestApp::start_with(|environment| mail.relay_for(environment)).await;
    let boss = app.visitor("boss", Some("admin")).await;
    (app, mail, boss)
}

/// What the page says after the invitation.
async fn invite(app: &TestApp, boss: &Visitor, email: &str) -> String {
    let form = [("email", email), ("role", "manager")];
    app.fill(Some(boss), &format!("{}/invite", people()), &form)
        .await
        .text
}

/// Does this with the one open invitation; what is said then.
async fn act(app: &TestApp, boss: &Visitor, what: &str) -> String {
    let page = app.look(boss, &people()).await.text;
    let (_, rest) = page.split_once("/people/invitations/").unwrap();
    let number = rest.split('/').next().unwrap();
    let path = format!("{}/invitations/{number}/{what}", people());
    app.fill(Some(boss), &path, &[]).await.text
}

async fn is_good(app: &TestApp, link: &str) -> bool {
    let request = app.page(None, reqwest::Method::GET, link);
    crate::app::send(request)
        .await
        .text
        .contains("You were invited to")
}

async fn join(app: &TestApp, link: &str) {
    let form = [("name", "Eve"), ("password", PASSWORD), ("again", PASSWORD)];
    let answer = app.fill(None, link, &form).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
}

async fn page_says(app: &TestApp, boss: &Visitor, what: &str) {
    until(what, async || app.look(boss, &people()).await.text.contains(what)).await;
}

#[tokio::test]
async fn an_open_invitation_is_seen_made_anew_and_withdrawn() {
    let app = TestApp::start().await;
    let boss = app.visitor("boss", Some("admin")).await;
    assert!(!app.look(&boss, &people()).await.text.contains("Open invitations"));
    let first = link_in(&invite(&app, &boss, "Eve@example.com").await);
    let page = app.look(&boss, &people()).await.text;
    for said in [
        "Open invitations",
        "eve@example.com",
        "manager",
        "boss",
        "by a link",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let second = act(&app, &boss, "link").await;
    let second = link_in(&second);
    assert!(!is_good(&app, &first).await && is_good(&app, &second).await);
    act(&app, &boss, "withdraw").await;
    assert!(!is_good(&app, &second).await);
    let page = app.look(&boss, &people()).await.text;
    assert!(
        page.contains("opens nothing any more") && !page.contains("Open invitations"),
        "{page}"
    );
    // A second invitation of the same address takes the place of the first.
    invite(&app, &boss, "eve@example.com").await;
    let last = link_in(&invite(&app, &boss, "eve@example.com").await);
    let page = app.look(&boss, &people()).await.text;
    assert_eq!(page.matches("/withdraw").count(), 1, "{page}");
    join(&app, &last).await;
    assert!(!app.look(&boss, &people()).await.text.contains("Open invitations"));
    let activity = app.look(&boss, &format!("/w/{WORKSPACE}/activity")).await.text;
    for said in [
        "invited somebody",
        "another link for an invitation",
        "withdrew an invitation",
        "became a member",
        "<bdi>eve@example.com</bdi>",
    ] {
        assert!(activity.contains(said), "{said}: {activity}");
    }
}

#[tokio::test]
async fn a_mailed_invitation_has_a_link_that_nobody_else_has_seen() {
    let (app, mail, boss) = app_with_mail().await;
    mail.be_away(true);
    let page = invite(&app, &boss, "eve@example.com").await;
    assert!(!page.contains("/console/link/"), "{page}");
    page_says(&app, &boss, "mail waits").await;
    mail.turned_somebody_away().await;
    mail.be_away(false);
    let told = mail.nth(1).await;
    assert_eq!(told.to, ["eve@example.com"]);
    assert!(told.subject().starts_with("Invitation to "), "{}", told.subject());
    let text = told.text("text/plain");
    assert!(
        text.contains("boss invites you") && text.contains("Your role: manager"),
        "{text}"
    );
    page_says(&app, &boss, ">mailed<").await;
    let first = link_in(&text);
    assert!(told.text("text/html").contains("Accept the invitation"));
    act(&app, &boss, "mail").await;
    let second = link_in(&mail.nth(2).await.text("text/plain"));
    app.jobs_done().await;
    assert!(!is_good(&app, &first).await && is_good(&app, &second).await);
    join(&app, &second).await;
}

#[tokio::test]
async fn a_mail_does_not_go_out_for_what_was_withdrawn_or_passed_on_by_hand() {
    for what in ["link", "withdraw"] {
        let (app, mail, boss) = app_with_mail().await;
        mail.be_away(true);
        invite(&app, &boss, "eve@example.com").await;
        // What was on its way to the relay has come back.
        mail.turned_somebody_away().await;
        let page = act(&app, &boss, what).await;
        mail.be_away(false);
        app.jobs_done().await;
        assert_eq!(mail.mails().len(), 0, "{what}");
        if what == "link" {
            assert!(is_good(&app, &link_in(&page)).await);
        }
    }
}

#[tokio::test]
async fn a_mail_that_is_refused_for_good_is_told_beside_the_invitation() {
    let (app, mail, boss) = app_with_mail().await;
    mail.refuse("eve@example.com", "550 nobody");
    invite(&app, &boss, "eve@example.com").await;
    page_says(&app, &boss, "mail failed").await;
    assert_eq!(app.mails_given_up().await.len(), 1);
    assert!(is_good(&app, &link_in(&act(&app, &boss, "link").await)).await);
}

fn link_in(text: &str) -> String {
    let (_, rest) = text.split_once("/console/link/").unwrap();
    path_in(&format!("/console/link/{rest}"))
}
