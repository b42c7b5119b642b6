//! Which tokens open anything, and how they are to be used.

use reqwest::{Method, header};
use serde_json::{Value, json};

use super::pull;
use crate::app::{TestApp, codes, send, text};

/// A token with another text.
fn bent(text: &str) -> Value {
    json!({"token": text})
}

#[tokio::test]
async fn a_token_that_is_none_of_ours_opens_nothing() {
    let app = TestApp::start().await;
    let stranger = app.create_workspace(&["--name", "Other"]);
    let list = app.list_with(&codes("A", 3)).await;
    let theirs = stranger.create_list().await;
    let token = app.pull_token(&list, &json!({"fallback": "WELCOME10"})).await;
    let (other, foreign) = (
        app.pull_token(&list, &json!({})).await,
        stranger.pull_token(&theirs, &json!({})).await,
    );
    let signed = text(&token["token"]);
    let (id, signature) = signed.split_at(24);
    let last = if signature.ends_with('A') { 'B' } else { 'A' };
    let mut answers = Vec::new();
    for wrong in [
        "nonsense",
        id,
        &signed[..signed.len() - 1],
        &format!("{signed}A"),
        &format!("{}{last}", &signed[..signed.len() - 2]),
        &format!("{id}{}", &text(&other["token"])[24..]),
        &format!("{id}{}", &text(&foreign["token"])[24..]),
        &format!("{}{signature}", text(&foreign["_id"])),
        &format!("{}{signature}", &list),
        &format!("ü{signed}"),
        "%00",
        "%ff%fe",
    ] {
        for query in ["user_id=u", "preview=1", ""] {
            let answer = pull(&app, &bent(wrong), query).await;
            answer.expect_error(404, "not-found");
            answers.push(answer.text);
        }
    }
    answers.dedup();
    assert_eq!(
        answers.len(),
        1,
        "an answer tells more than the others: {answers:?}"
    );
    assert_eq!(app.counts(&list).await, (3, 3));
    pull(&app, &token, "user_id=u").await.expect(200);
}

#[tokio::test]
async fn a_revoked_token_opens_nothing_from_the_answer_on() {
    let app = TestApp::start().await;
    let other = app.another_server().await;
    let list = app.list_with(&codes("A", 3)).await;
    let (token, stays) = (
        app.pull_token(&list, &json!({})).await,
        app.pull_token(&list, &json!({})).await,
    );
    let pulled = pull(&other, &token, "user_id=u").await.expect(200);
    app.delete(&format!(
        "/coupon-list/{list}/pull-tokens/{}",
        text(&token["_id"])
    ))
    .await
    .expect_nothing();
    for server in [&*app, &other] {
        for query in ["user_id=u", "user_id=v", "preview=1"] {
            pull(server, &token, query).await.expect_error(404, "not-found");
        }
        assert_eq!(pull(server, &stays, "user_id=u").await.expect(200), pulled);
    }
    assert_eq!(app.counts(&list).await, (3, 2));
}

#[tokio::test]
async fn only_get_takes_a_code() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 3)).await;
    let token = app.pull_token(&list, &json!({})).await;
    let path = format!("/v1/pull/{}?user_id=u", text(&token["token"]));
    for method in [
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
    ] {
        let answer = send(app.anonymous(method.clone(), &path)).await;
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.allowed(), ["GET"], "{method}");
    }
    assert_eq!(app.stock(&list).await, [3, 3, 0, 0, 0, 0]);
}

#[tokio::test]
async fn credentials_are_neither_needed_nor_looked_at() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 3)).await;
    let token = app.pull_token(&list, &json!({})).await;
    let alone = pull(&app, &token, "user_id=u").await;
    let path = format!("/v1/pull/{}?user_id=u", text(&token["token"]));
    let request = app
        .anonymous(Method::GET, &path)
        .header(header::AUTHORIZATION, "Basic nonsense");
    assert_eq!(send(request).await.text, alone.text);
    assert_eq!(alone.expect(200)["user_id"], "u");
}
