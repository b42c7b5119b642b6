//! Coming in by an identity provider, true and lying. `tests/console` has a certified one.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::Visitor;
use crate::app::{Answer, IdentityHost, Page, SigningKey, TestApp, WORKSPACE, send, with, without};

async fn app_with_provider() -> (TestApp, IdentityHost) {
    let provider = IdentityHost::start().await;
    let app = TestApp::start_with(|environment| provider.provider_for(environment)).await;
    (app, provider)
}

/// Comes with these changes to what is true of Ada.
async fn come(app: &TestApp, provider: &IdentityHost, changes: Value) -> Answer {
    let traveller = app.set_out("").await;
    provider.vouch(&with(provider.claims(&traveller), changes));
    app.come_back(&traveller).await
}

#[track_caller]
fn signed_in(answer: &Answer) -> Visitor {
    assert_eq!(answer.status, 303, "{}", answer.text);
    let cookie = answer.header("set-cookie").unwrap();
    Visitor {
        cookie: cookie.split(';').next().unwrap().to_owned(),
    }
}

#[track_caller]
fn refused(answer: &Answer, why: &str) {
    assert_eq!(answer.status, 422, "{}", answer.text);
    assert!(answer.text.contains(why), "{why}: {}", answer.text);
    assert_eq!(answer.header("set-cookie"), None, "{why}");
}

async fn lists(app: &TestApp, visitor: &Visitor) -> u16 {
    app.look(visitor, &format!("/w/{WORKSPACE}/lists")).await.status
}

async fn count(app: &TestApp, what: &'static str) -> i64 {
    let count = sqlx::query_scalar(what);
    count.fetch_one(&mut app.database.connect().await).await.unwrap()
}

#[tokio::test]
async fn a_role_at_the_provider_is_a_role_here_for_as_long_as_it_says_so() {
    let (app, provider) = app_with_provider().await;
    // Else Ada would be the last admin, who stays one.
    app.visitor("boss", Some("admin")).await;
    let people = format!("/w/{WORKSPACE}/people");
    let traveller = app.set_out("%2Fconsole%2Faccount").await;
    provider.vouch(&with(
        provider.claims(&traveller),
        json!({"roles": ["staff", "admin"]}),
    ));
    let answer = app.come_back(&traveller).await;
    assert_eq!(answer.header("location"), Some("/console/account"));
    provider.assert_asked_for_by(&traveller);
    let ada = signed_in(&answer);
    let page = app.look(&ada, &people).await;
    assert!(
        page.text.contains("Ada Lovelace") && page.text.contains("ada@example.com"),
        "{}",
        page.text
    );
    // The same person under another address, with less to do.
    let changes = json!({"roles": format!("{WORKSPACE}:viewer"), "email": "ada@other.example"});
    let ada = signed_in(&come(&app, &provider, changes).await);
    assert_eq!(
        (app.look(&ada, &people).await.status, lists(&app, &ada).await),
        (403, 200)
    );
    let ada = signed_in(&come(&app, &provider, json!({"roles": "other:admin"})).await);
    assert_eq!(lists(&app, &ada).await, 404);
    assert!(app.look(&ada, "").await.text.contains("No workspace yet"));
    assert_eq!(count(&app, "select count(*) from person").await, 2);
}

#[tokio::test]
async fn two_tabs_of_one_browser_come_back_each_where_it_set_out() {
    let (app, provider) = app_with_provider().await;
    let mut first = app.set_out("%2Fconsole%2Faccount").await;
    let mut second = app.set_out("").await;
    first.share_a_browser(&mut second);
    for (traveller, page) in [(second, "/console"), (first, "/console/account")] {
        provider.vouch(&with(provider.claims(&traveller), json!({"roles": "admin"})));
        let answer = app.come_back(&traveller).await;
        signed_in(&answer);
        assert_eq!(answer.header("location"), Some(page));
    }
}

#[tokio::test]
async fn what_is_given_here_is_not_the_providers_to_take() {
    let (app, provider) = app_with_provider().await;
    app.visitor("ada", Some("manager")).await;
    for roles in [json!("viewer"), json!([]), json!("admin")] {
        let ada = signed_in(&come(&app, &provider, json!({"roles": roles})).await);
        assert_eq!(lists(&app, &ada).await, 200, "{roles}");
        let role = count(&app, "select count(*) from membership where role = 'manager'").await;
        assert_eq!(role, 1, "{roles}");
    }
}

#[tokio::test]
async fn what_is_not_true_of_now_and_of_us_lets_nobody_in() {
    let (app, provider) = app_with_provider().await;
    for (changes, why) in [
        (json!({"nonce": "0123"}), "of another sign-in"),
        (json!({"exp": 1_000_000_000}), "has expired"),
        (json!({"nbf": 4_102_444_000_i64}), "not good yet"),
        (json!({"iss": "https://other.example"}), "another issuer"),
        (json!({"iss": [provider.issuer()]}), "another issuer"),
        (json!({"aud": "other"}), "for another service"),
        (json!({"aud": ["couponry", "other"]}), "for another service"),
        (
            json!({"aud": ["couponry", "other"], "azp": "other"}),
            "for another service",
        ),
        (
            json!({"email_verified": false}),
            "does not say that your e-mail address is verified",
        ),
        (
            json!({"email_verified": "true"}),
            "does not say that your e-mail address is verified",
        ),
        (
            json!({"email": "not an address"}),
            "does not say that your e-mail address is verified",
        ),
        (json!({"sub": ""}), "does not say who you are"),
    ] {
        let changes = with(json!({"roles": "admin"}), changes);
        refused(&come(&app, &provider, changes).await, why);
    }
    for claim in ["nonce", "exp", "iss", "aud", "sub"] {
        let traveller = app.set_out("").await;
        provider.vouch(&without(provider.claims(&traveller), claim));
        refused(&app.come_back(&traveller).await, "did not sign you in");
    }
    assert_eq!(count(&app, "select count(*) from person").await, 0);
}

#[tokio::test]
async fn a_token_is_signed_by_the_providers_key_or_worth_nothing() {
    let (app, provider) = app_with_provider().await;
    let (other, head) = (SigningKey::new(), json!({"alg": "ES256", "kid": "key-1"}));
    for (head, why) in [
        (head.clone(), "not signed by it"),
        (
            with(head.clone(), json!({"kid": "key-2"})),
            "a key that it does not name",
        ),
        (
            with(head.clone(), json!({"alg": "RS256"})),
            "a key that it does not name",
        ),
        (
            with(head.clone(), json!({"alg": "HS256"})),
            "a key that it does not name",
        ),
        (with(head, json!({"alg": "none"})), "cannot be read"),
    ] {
        let traveller = app.set_out("").await;
        let claims = with(provider.claims(&traveller), json!({"roles": "admin"}));
        provider.answer(&other.sign(&head, &claims));
        refused(&app.come_back(&traveller).await, why);
    }
}

#[tokio::test]
async fn who_did_not_set_out_or_came_back_before_is_not_let_in() {
    let (app, provider) = app_with_provider().await;
    let traveller = app.set_out("").await;
    provider.vouch(&with(provider.claims(&traveller), json!({"roles": "admin"})));
    let (not_begun, state) = ("did not begin the sign-in", traveller.state().to_owned());
    let good = format!("code=code-1&state={state}");
    refused(&app.come_back_with(None, &good).await, not_begun);
    let another = app.set_out("").await;
    refused(&app.come_back_with(Some(&another), &good).await, not_begun);
    refused(
        &app.come_back_with(Some(&traveller), "code=code-1&state=").await,
        not_begun,
    );
    refused(
        &app.come_back_with(Some(&traveller), "code=code-1").await,
        not_begun,
    );
    assert_eq!(provider.host.visits("/token").len(), 0);
    // Nobody else's try has ended Ada's.
    signed_in(&app.come_back(&traveller).await);
    refused(&app.come_back(&traveller).await, "was finished before");
    assert_eq!(provider.host.visits("/token").len(), 1);
    let late = app.set_out("").await;
    let age = "update provider_visit set created_at = created_at - interval '11 minutes'";
    sqlx::query(age)
        .execute(&mut app.database.connect().await)
        .await
        .unwrap();
    refused(&app.come_back(&late).await, "more than ten minutes");
    for query in [
        "error=access_denied",
        "code=code-1&iss=https%3A%2F%2Fother.example",
    ] {
        let traveller = app.set_out("").await;
        let query = format!("{query}&state={}", traveller.state());
        refused(
            &app.come_back_with(Some(&traveller), &query).await,
            "did not sign you in",
        );
    }
}

#[tokio::test]
async fn somebody_whom_nobody_here_knows_is_told_so_and_not_made() {
    let (app, provider) = app_with_provider().await;
    for roles in [json!(null), json!("owner"), json!("elsewhere:admin")] {
        refused(
            &come(&app, &provider, json!({"roles": roles})).await,
            "nobody here has your address",
        );
    }
    assert_eq!(count(&app, "select count(*) from person").await, 0);
    // Until an admin invites the address.
    let boss = app.visitor("boss", Some("admin")).await;
    let form = [("email", "ada@example.com"), ("role", "manager")];
    app.fill(Some(&boss), &format!("/w/{WORKSPACE}/people/invite"), &form)
        .await;
    let ada = signed_in(&come(&app, &provider, json!({})).await);
    assert_eq!(lists(&app, &ada).await, 200);
    assert_eq!(
        count(
            &app,
            "select count(*) from one_time_link where kind = 'invitation'"
        )
        .await,
        0
    );
}

#[tokio::test]
async fn an_address_is_bound_to_who_has_it_first_until_a_new_password_is_chosen() {
    let (app, provider) = app_with_provider().await;
    app.visitor("ada", Some("admin")).await;
    let ada = signed_in(&come(&app, &provider, json!({})).await);
    assert_eq!(lists(&app, &ada).await, 200);
    // The address has another owner there.
    refused(
        &come(&app, &provider, json!({"sub": "eve-2"})).await,
        "another account of",
    );
    let made = app.command(&["person", "create", "--email", "ada@example.com"]);
    let link = String::from_utf8(made.stdout).unwrap();
    let path = super::path_in(&link);
    let password = [
        ("password", "correct horse battery"),
        ("again", "correct horse battery"),
    ];
    app.fill(None, &path, &password).await;
    signed_in(&come(&app, &provider, json!({"sub": "eve-2"})).await);
    refused(&come(&app, &provider, json!({})).await, "another account of");
    app.command(&["person", "disable", "--email", "ada@example.com"]);
    refused(
        &come(&app, &provider, json!({"sub": "eve-2"})).await,
        "You were shut out",
    );
    refused(&come(&app, &provider, json!({})).await, "You were shut out");
}

#[tokio::test]
async fn a_provider_that_is_away_or_another_keeps_nobody_from_the_password() {
    let (app, provider) = app_with_provider().await;
    let traveller = app.set_out("").await;
    for (path, page) in [
        ("/token", Page::status(503)),
        ("/keys", Page::status(404)),
        ("/token", Page::Stall(Vec::new())),
    ] {
        provider.vouch(&provider.claims(&traveller));
        provider.host.answer(path, page);
        let traveller = app.set_out("").await;
        let began = Instant::now();
        let answer = app.come_back(&traveller).await;
        assert_eq!(answer.status, 503, "{}", answer.text);
        assert!(
            answer.text.contains("Passwords are taken as ever"),
            "{}",
            answer.text
        );
        assert!(began.elapsed() < Duration::from_secs(15));
    }
    let page = send(app.anonymous(Method::GET, "/console/sign-in?to=%2Fconsole%2Faccount")).await;
    let link = "/console/sign-in/provider?to=%2Fconsole%2Faccount";
    assert!(
        page.text.contains(link) && page.text.contains("name=\"password\""),
        "{}",
        page.text
    );
    // What was found out before is remembered; a server that starts now finds another provider there.
    provider.describe("https://other.example");
    let other = app.another_server().await;
    let request = other.anonymous(Method::GET, "/console/sign-in/provider");
    refused(&send(request).await, "calls itself otherwise");
}
