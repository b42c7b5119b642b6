//! Who may ask: Basic credentials, `MOE-APPKEY`, and walls between workspaces.

use futures_util::future::join_all;
use reqwest::{Method, RequestBuilder, header};
use serde_json::{Value, json};

use crate::{
    app::{API_KEY, Answer, Client, Credentials, FileHost, TestApp, WORKSPACE, csv, send, text, texts},
    endpoints::{UNKNOWN_CODE, endpoints},
    guesses::behind_a_proxy,
};

async fn ask(client: &Client, method: Method, path: &str, body: Option<&Value>) -> Answer {
    send(asking(client, method, path, body)).await
}

/// From an address of its own, since whoever guesses becomes slow.
async fn guess(n: usize, client: &Client, method: Method, path: &str, body: Option<&Value>) -> Answer {
    let request = asking(client, method, path, body);
    send(request.header("X-Forwarded-For", format!("198.51.100.{n}"))).await
}

fn asking(client: &Client, method: Method, path: &str, body: Option<&Value>) -> RequestBuilder {
    let request = client.request(method, path);
    match body {
        Some(body) => request.json(body),
        None => request,
    }
}

async fn app_with_a_file() -> (TestApp, String, String) {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let file = app.load_codes(&list, &["A-1", "A-2"]).await;
    (app, list, file)
}

/// Row 38 of docs/MIGRATING.md.
#[tokio::test]
async fn every_endpoint_refuses_a_wrong_key_with_its_documented_text() {
    let app = behind_a_proxy().await;
    let list = app.create_list().await;
    let file = app.load_codes(&list, &["A-1", "A-2"]).await;
    let before = app.list(&list).await;
    let stranger = app.with_credentials(Credentials::new(WORKSPACE, "wrong"));
    for (n, (method, path, body, documented)) in endpoints(&list, &file).into_iter().enumerate() {
        let answer = guess(n, &stranger, method.clone(), &path, body.as_ref()).await;
        let message = answer.expect_error(401, "request-unauthenticated");
        if let Some(documented) = documented {
            assert_eq!(message, documented, "{method} {path}");
        }
        assert_eq!(
            answer.header("www-authenticate"),
            Some(r#"Basic realm="couponry""#)
        );
    }
    assert_eq!(app.list(&list).await, before);
}

#[tokio::test]
async fn whatever_is_wrong_with_the_credentials_the_answer_is_the_same() {
    let app = TestApp::start().await;
    let other = app.create_workspace(&["--name", "Other"]);
    let basic = |workspace: &str, key: &str| Credentials::new(workspace, key).basic();
    let right = basic(WORKSPACE, API_KEY);
    let (first, rest) = API_KEY.split_at(1);
    let wrong = [
        String::new(),
        "Basic".to_owned(),
        "Basic ".to_owned(),
        "Basic not base64!".to_owned(),
        "Basic bm8tY29sb24=".to_owned(),
        right.replace("Basic", "Bearer"),
        format!("{right} {right}"),
        right.trim_end_matches('=')[..right.len() - 6].to_owned(),
        basic("", ""),
        basic(WORKSPACE, ""),
        basic("", API_KEY),
        basic(WORKSPACE, "wrong"),
        basic("nobody", API_KEY),
        basic(WORKSPACE, &API_KEY.to_uppercase()),
        basic(WORKSPACE, &API_KEY[..API_KEY.len() - 1]),
        basic(WORKSPACE, &format!("{API_KEY} ")),
        basic(&WORKSPACE.to_uppercase(), API_KEY),
        basic(WORKSPACE, &other.credentials.key),
        basic(&other.credentials.workspace, API_KEY),
        // The same text in all, split elsewhere.
        basic(&format!("{WORKSPACE}{first}"), rest),
    ];
    // Once right, so that nothing wrong passes because something right was remembered.
    app.get("/coupon-list").await.expect(200);
    let ask = || app.anonymous(Method::GET, "/v1/coupon-list");
    let without = send(ask()).await;
    without.expect_error(401, "request-unauthenticated");
    for value in wrong {
        let answer = send(ask().header(header::AUTHORIZATION, &value)).await;
        assert_eq!((answer.status, &answer.text), (401, &without.text), "{value}");
    }
    let twice = ask()
        .header(header::AUTHORIZATION, &right)
        .header(header::AUTHORIZATION, &right);
    let twice = send(twice).await;
    assert_eq!((twice.status, &twice.text), (401, &without.text), "two headers");
}

#[tokio::test]
async fn the_scheme_may_be_written_in_any_case() {
    let app = TestApp::start().await;
    for scheme in ["basic", "BASIC", "Basic"] {
        let value = app.credentials.basic().replace("Basic", scheme);
        let request = app
            .anonymous(Method::GET, "/v1/coupon-list")
            .header(header::AUTHORIZATION, value);
        send(request).await.expect(200);
    }
}

/// Row 1 of docs/MIGRATING.md.
#[tokio::test]
async fn the_app_key_may_be_absent_but_not_another() {
    let (app, list, file) = app_with_a_file().await;
    let other = app.create_workspace(&["--name", "Other"]);
    let with_app_key = |method: &Method, path: &str, body: &Option<Value>, app_key: Option<&str>| {
        let mut request = app
            .anonymous(method.clone(), &format!("/v1{path}"))
            .header(header::AUTHORIZATION, app.credentials.basic());
        if let Some(app_key) = app_key {
            request = request.header("MOE-APPKEY", app_key);
        }
        send(match body {
            Some(body) => request.json(body),
            None => request,
        })
    };
    for (method, path, body, _) in endpoints(&list, &file).iter().skip(1) {
        for foreign in ["nobody", &other.credentials.workspace] {
            let answer = with_app_key(method, path, body, Some(foreign)).await;
            answer.expect_error(401, "request-unauthenticated");
        }
    }
    assert_eq!(app.counts(&list).await, (2, 2));
    for (method, path, body, _) in endpoints(&list, &file) {
        let names_nothing = path.starts_with("/usage-report")
            || path.contains(UNKNOWN_CODE)
            || path.contains("/bulk-actions/");
        let reads = method == Method::GET && !names_nothing;
        let allocates = path.ends_with("/allocations") || path.ends_with("/batch");
        if reads || path == "/coupon-list" || allocates {
            let answer = with_app_key(&method, &path, &body, None).await;
            assert!((200..300).contains(&answer.status), "{method} {path}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn credentials_are_judged_before_ids_and_bodies() {
    let app = behind_a_proxy().await;
    let stranger = app.with_credentials(Credentials::new(WORKSPACE, "wrong"));
    let all = endpoints(texts::UNKNOWN_ID, texts::UNKNOWN_ID);
    for (n, (method, path, body, _)) in all.into_iter().enumerate() {
        let broken = body.map(|_| json!("not an object"));
        let answer = guess(n, &stranger, method, &path, broken.as_ref()).await;
        answer.expect_error(401, "request-unauthenticated");
    }
}

/// Rows 4 and 5 of docs/MIGRATING.md.
#[tokio::test]
async fn another_workspaces_ids_are_like_ids_that_name_nothing() {
    let (app, list, file) = app_with_a_file().await;
    let before = app.get(&format!("/coupon-list/{list}")).await.text;
    let stranger = app.create_workspace(&["--name", "Other"]);
    let theirs = stranger.create_list().await;
    let with_ids = [
        // Ours, asked by a stranger; and what it should look like.
        (endpoints(&list, &file), endpoints(texts::UNKNOWN_ID, &file)),
        (endpoints(&theirs, &file), endpoints(&theirs, texts::UNKNOWN_ID)),
    ];
    for (foreign, unknown) in with_ids {
        for ((method, path, body, _), (_, unknown_path, ..)) in foreign.into_iter().zip(unknown) {
            if path == unknown_path {
                continue;
            }
            let answer = ask(&stranger, method.clone(), &path, body.as_ref()).await;
            let expected = ask(&stranger, method.clone(), &unknown_path, body.as_ref()).await;
            assert_eq!(answer.status, 404, "{method} {path}");
            assert_eq!(answer.text, expected.text, "{method} {path}");
        }
    }
    assert_eq!(app.get(&format!("/coupon-list/{list}")).await.text, before);
    assert_eq!(app.file(&list, &file).await["status"], "SUCCESS");
}

#[tokio::test]
async fn a_workspace_made_on_the_command_line_works_at_once() {
    let app = TestApp::start().await;
    let arguments = [
        "--name",
        "Brand",
        "--workspace-id",
        "brand-1",
        "--api-key",
        "a key, with: signs",
    ];
    let future = app.with_credentials(Credentials::new("brand-1", "a key, with: signs"));
    // A refusal is not remembered.
    future
        .get("/coupon-list")
        .await
        .expect_error(401, "request-unauthenticated");
    let made = app.create_workspace(&arguments);
    assert_eq!(made.credentials.workspace, "brand-1");
    assert_eq!(made.credentials.key, "a key, with: signs");
    let list = future.create_list().await;
    assert_eq!(text(&future.list(&list).await["_id"]), list);
}

#[tokio::test]
async fn many_wrong_keys_at_once_do_not_lock_the_right_one_out_that_comes_from_elsewhere() {
    let app = behind_a_proxy().await;
    let wrong = join_all((0..100).map(async |n| {
        let stranger = app.with_credentials(Credentials::new(WORKSPACE, &format!("wrong-{n}")));
        stranger.get("/coupon-list").await.status
    }));
    let elsewhere = app.request(Method::GET, "/coupon-list");
    let right = send(elsewhere.header("X-Forwarded-For", "198.51.100.9"));
    let (wrong, right) = futures_util::future::join(wrong, right).await;
    right.expect(200);
    assert!(
        wrong.iter().all(|status| matches!(status, 401 | 429 | 503)),
        "{wrong:?}"
    );
    // Once it is known it is no guess, from wherever it comes.
    app.get("/coupon-list").await.expect(200);
}

#[tokio::test]
async fn a_stranger_cannot_load_into_a_list_or_see_its_codes() {
    let (app, list, _) = app_with_a_file().await;
    let host = FileHost::start().await;
    let url = host.serve("/codes.csv", csv(&["B-1"]));
    let stranger = app.create_workspace(&["--name", "Other"]);
    stranger
        .post(&format!("/coupon-list/{list}/files"), &json!({"file_url": url}))
        .await
        .expect_error(404, "coupon-list-not-found");
    assert_eq!(host.visits("/codes.csv").len(), 0);
    assert_eq!(app.counts(&list).await, (2, 2));
}
