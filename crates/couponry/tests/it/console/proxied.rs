//! Coming in by a proxy that has signed people in.

use reqwest::{Method, RequestBuilder, header};

use super::Visitor;
use crate::app::{Answer, TestApp, WORKSPACE, send};

const HEADER: &str = "X-Forwarded-Email";

async fn app_behind(proxies: &str) -> TestApp {
    let proxies = proxies.to_owned();
    TestApp::start_with(|environment| {
        environment.insert("COUPONRY_AUTH_PROXY_HEADER".to_owned(), HEADER.to_owned());
        environment.insert("COUPONRY_TRUSTED_PROXIES".to_owned(), proxies);
    })
    .await
}

fn lists(app: &TestApp, visitor: Option<&Visitor>) -> RequestBuilder {
    app.page(visitor, Method::GET, &format!("/w/{WORKSPACE}/lists"))
}

async fn as_of(app: &TestApp, visitor: Option<&Visitor>, email: &str) -> Answer {
    send(lists(app, visitor).header(HEADER, email)).await
}

fn begun(answer: &Answer) -> Option<Visitor> {
    let cookie = answer.header("set-cookie")?.split(';').next()?;
    Some(Visitor {
        cookie: cookie.to_owned(),
    })
}

#[tokio::test]
async fn a_session_begins_on_the_first_page_and_ends_when_the_proxy_names_somebody_else() {
    let app = app_behind("127.0.0.1").await;
    app.visitor("ada", Some("viewer")).await;
    app.visitor("bob", Some("admin")).await;
    let first = as_of(&app, None, "Ada@example.com").await;
    assert_eq!(first.status, 200);
    let ada = begun(&first).unwrap();
    let next = as_of(&app, Some(&ada), "ada@example.com").await;
    assert_eq!((next.status, next.header("set-cookie")), (200, None));
    // A page that is not there begins it as well.
    let nowhere = app
        .page(None, Method::GET, "/w/elsewhere/lists")
        .header(HEADER, "ada@example.com");
    let nowhere = send(nowhere).await;
    assert_eq!((nowhere.status, begun(&nowhere).is_some()), (404, true));
    let bob = as_of(&app, Some(&ada), "bob@example.com").await;
    assert!(bob.text.contains("/people"), "{}", bob.text);
    let bob = begun(&bob).unwrap();
    // Without the header Ada's cookie opens nothing any more, and Bob's does.
    assert_eq!(send(lists(&app, Some(&ada))).await.status, 303);
    assert_eq!(send(lists(&app, Some(&bob))).await.status, 200);
}

#[tokio::test]
async fn who_is_nobody_here_or_shut_out_or_named_twice_is_not_let_in() {
    let app = app_behind("127.0.0.0/8").await;
    app.visitor("ada", Some("viewer")).await;
    let bob = app.visitor("bob", Some("viewer")).await;
    app.command(&["person", "disable", "--email", "bob@example.com"]);
    for name in ["eve@example.com", "bob@example.com", "ada", "'"] {
        let answer = as_of(&app, Some(&bob), name).await;
        assert_eq!(
            (answer.status, answer.header("set-cookie")),
            (403, None),
            "{name}"
        );
        assert!(
            answer.text.contains("Nobody here has your address"),
            "{}",
            answer.text
        );
    }
    let twice = lists(&app, None)
        .header(HEADER, "ada@example.com")
        .header(HEADER, "eve@example.com");
    assert_eq!(send(twice).await.status, 403);
    // Nobody was made for it.
    let people = sqlx::query_scalar("select count(*) from person");
    let people: i64 = people.fetch_one(&mut app.database.connect().await).await.unwrap();
    assert_eq!(people, 2);
    // A proxy that names nobody leaves the way by password.
    assert_eq!(as_of(&app, None, "").await.status, 303);
}

#[tokio::test]
async fn a_header_that_no_trusted_proxy_sends_says_nothing() {
    let app = app_behind("10.0.0.0/8").await;
    let ada = app.visitor("ada", Some("viewer")).await;
    app.visitor("bob", Some("viewer")).await;
    assert_eq!(as_of(&app, None, "ada@example.com").await.status, 303);
    let same = as_of(&app, Some(&ada), "bob@example.com").await;
    assert_eq!((same.status, same.header("set-cookie")), (200, None));
    assert!(
        !send(
            app.page(None, Method::GET, "/sign-in")
                .header(HEADER, "ada@example.com")
        )
        .await
        .text
        .contains("signed in before")
    );
}

#[tokio::test]
async fn another_sites_form_is_refused_though_the_proxy_would_let_it_in() {
    let app = app_behind("127.0.0.1").await;
    app.visitor("ada", Some("admin")).await;
    let path = format!("/w/{WORKSPACE}/people/invite");
    let form = |site: &str| {
        app.page(None, Method::POST, &path)
            .header(HEADER, "ada@example.com")
            .header("sec-fetch-site", site)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body("email=eve%40example.com&role=admin")
    };
    let refused = send(form("cross-site")).await;
    assert_eq!((refused.status, refused.header("set-cookie")), (403, None));
    let done = send(form("same-origin")).await;
    assert_eq!(done.status, 200, "{}", done.text);
    assert!(begun(&done).is_some());
}

#[tokio::test]
async fn the_header_needs_somebody_to_believe() {
    let app = TestApp::start().await;
    let checked = app.command_with(&["serve"], |environment| {
        environment.insert("COUPONRY_AUTH_PROXY_HEADER".to_owned(), HEADER.to_owned());
    });
    assert!(!checked.status.success());
    let complaint = String::from_utf8(checked.stderr).unwrap();
    assert!(
        complaint.contains("without COUPONRY_TRUSTED_PROXIES"),
        "{complaint}"
    );
}
