//! Who guesses tokens, links or workspaces becomes slow, and nobody else does.

use std::time::Instant;

use futures_util::future::join_all;
use reqwest::{Method, header};
use serde_json::json;

use crate::app::{Answer, Client, Credentials, TestApp, send, text, until, wait_for};

/// From this address, as a proxy in front tells it.
async fn get_from(client: &Client, address: &str, path: &str) -> Answer {
    let request = client.anonymous(Method::GET, path);
    send(request.header("X-Forwarded-For", format!("6.6.6.6, {address}"))).await
}

pub(crate) async fn behind_a_proxy() -> TestApp {
    TestApp::start_with(|environment| {
        environment.insert("COUPONRY_TRUSTED_PROXIES".to_owned(), "127.0.0.0/8".to_owned());
    })
    .await
}

#[tokio::test]
async fn guessed_tokens_and_links_make_their_sender_slow_and_nobody_else() {
    let app = behind_a_proxy().await;
    let list = app.list_with(&["A-1", "A-2"]).await;
    let token = app.pull_token(&list, &json!({})).await;
    let pull = format!("/v1/pull/{}?preview=1", text(&token["token"]));
    let guess = |n: usize, path: &str| {
        path.replace("ID", &format!("{n:024x}"))
            .replace("SIGNATURE", &"ab".repeat(32))
    };
    for (address, path) in [
        ("198.51.100.1", "/v1/pull/IDSIGNATURE"),
        (
            "198.51.100.2",
            "/v1/usage-report/ID/download?expires=1900000000&signature=SIGNATURE",
        ),
    ] {
        get_from(&app, address, &pull).await.expect(200);
        let mut n = 0;
        wait_for("a guess to be refused", async || {
            n += 1;
            let answer = get_from(&app, address, &guess(n, path)).await;
            assert!(matches!(answer.status, 404 | 429), "{}", answer.text);
            (answer.status == 429).then_some(())
        })
        .await;
        // What is known to be there is no guess, and another address did not guess.
        get_from(&app, address, &pull).await.expect(200);
        get_from(&app, "198.51.100.9", &guess(0, path))
            .await
            .expect_error(404, "not-found");
    }
}

#[tokio::test]
async fn what_was_never_signed_here_is_told_from_what_was_without_a_look_into_the_database() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1"]).await;
    let token = app.pull_token(&list, &json!({})).await;
    let (id, signature) = text(&token["token"]).split_at(24);
    let get = async |path: &str| send(app.anonymous(Method::GET, path)).await;
    // The first of all reads by what this is told.
    get(&format!("/v1/pull/{id}{}", "ab".repeat(40)))
        .await
        .expect(404);
    let held = app.database.hold_links().await;
    for signature in [
        "ab".repeat(40),
        "ab".repeat(32),
        signature[2..].to_owned(),
        String::new(),
    ] {
        for path in [
            format!("/v1/pull/{id}{signature}?user_id=u"),
            format!("/v1/usage-report/{id}/download?expires=1900000000&signature={signature}"),
        ] {
            get(&path).await.expect_error(404, "not-found");
        }
    }
    // What was signed here for something else, too.
    get(&format!("/v1/pull/{list}{signature}"))
        .await
        .expect_error(404, "not-found");
    drop(held);
    get(&format!("/v1/pull/{id}{signature}?user_id=u"))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_guessed_link_counts_whatever_credentials_come_with_it_that_do_not_open_the_report() {
    let app = behind_a_proxy().await;
    for (address, credentials, refused) in [
        ("198.51.100.1", "x".to_owned(), 401),
        ("198.51.100.2", "Basic x".to_owned(), 401),
        ("198.51.100.3", app.credentials.basic(), 404),
    ] {
        let mut n = 0;
        let mut guess = async || {
            n += 1;
            let path = format!("/v1/usage-report/{n:024x}/download?expires=1900000000&signature={n}");
            let request = app.anonymous(Method::GET, &path);
            let request = request.header(header::AUTHORIZATION, &credentials);
            send(request.header("X-Forwarded-For", address)).await
        };
        assert_eq!(guess().await.status, refused, "{credentials}");
        wait_for("a guess to be refused", async || {
            let answer = guess().await;
            assert!([refused, 429].contains(&answer.status), "{}", answer.text);
            (answer.status == 429).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn unknown_workspaces_are_not_looked_for_without_end() {
    let app = behind_a_proxy().await;
    let get = async |client: &Client, address: &str| {
        let request = client.anonymous(Method::GET, "/v1/coupon-list");
        let request = request.header(header::AUTHORIZATION, client.credentials.basic());
        send(request.header("X-Forwarded-For", address)).await.status
    };
    assert_eq!(get(&app, "198.51.100.1").await, 200);
    let mut round = 0;
    until("a guess to be refused", async || {
        round += 1;
        // Tokens are guessed faster than keys, each of which costs a hash, and counted with them.
        let guesses = (0..100).map(async |n| {
            let path = format!("/v1/pull/{n:024x}{}", "ab".repeat(32));
            get_from(&app, "198.51.100.1", &path).await.status
        });
        join_all(guesses).await;
        let nobody = app.with_credentials(Credentials::new(&format!("nobody-{round}"), "key"));
        let status = get(&nobody, "198.51.100.1").await;
        assert!(matches!(status, 401 | 429), "{status}");
        status == 429
    })
    .await;
    assert_eq!(get(&app, "198.51.100.1").await, 200);
    let nobody = app.with_credentials(Credentials::new("nobody", "key"));
    assert_eq!(get(&nobody, "198.51.100.2").await, 401);
}

#[tokio::test]
async fn guesses_that_come_all_at_once_get_no_further_than_those_that_come_one_by_one() {
    let app = behind_a_proxy().await;
    let started = Instant::now();
    let guesses = (0..300).map(async |n| {
        let path = format!("/v1/pull/{n:024x}{}", "ab".repeat(32));
        get_from(&app, "198.51.100.1", &path).await.status
    });
    let answers = join_all(guesses).await;
    let took = started.elapsed().as_secs();
    let looked_for = answers.iter().filter(|status| **status == 404).count() as u64;
    assert!(answers.iter().all(|status| matches!(status, 404 | 429)));
    // Those in a row, those under way when the first is refused, and ten a second.
    assert!(looked_for <= 40 + 8 + 10 * (took + 1), "{looked_for} in {took} s");
}

#[tokio::test]
async fn many_who_come_at_once_with_what_is_right_are_served_though_it_was_never_seen() {
    let app = behind_a_proxy().await;
    let other = app.create_workspace(&["--name", "Other"]);
    let lists = (0..100).map(async |_| other.get("/coupon-list").await.status);
    assert_eq!(join_all(lists).await, [200; 100]);
    let list = app.create_list().await;
    let mut tokens = Vec::new();
    for _ in 0..20 {
        tokens.push(text(&app.pull_token(&list, &json!({})).await["token"]).to_owned());
    }
    // The other process has never seen them.
    let server = app.another_server().await;
    let pulls = (0..100).map(|n| {
        let path = format!("/v1/pull/{}?preview=1", tokens[n % 20]);
        let server = &server;
        async move { get_from(server, "198.51.100.1", &path).await.status }
    });
    assert_eq!(join_all(pulls).await, [200; 100]);
}
