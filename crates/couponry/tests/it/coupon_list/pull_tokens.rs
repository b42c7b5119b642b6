//! `/v1/coupon-list/{coupon_list_id}/pull-tokens`; what they open is in `pull.rs`.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{TestApp, assert_all_different, send, shape, text, texts};

#[tokio::test]
async fn a_token_is_shown_with_the_url_that_it_opens() {
    let app = TestApp::start_with(|environment| {
        let url = "https://coupons.example.com/app/".to_owned();
        environment.insert("COUPONRY_PUBLIC_URL".to_owned(), url);
    })
    .await;
    let list = app.create_list().await;
    let path = format!("/coupon-list/{list}/pull-tokens");
    let answer = app.post(&path, &json!({"fallback": "WELCOME10"})).await;
    let token = answer.expect(201);
    assert_eq!(shape(&answer.text), "{_id,token,url,fallback,created_at}");
    assert_eq!(token["fallback"], "WELCOME10");
    assert_eq!(
        token["url"],
        format!(
            "https://coupons.example.com/app/v1/pull/{}",
            text(&token["token"])
        )
    );
}

#[tokio::test]
async fn tokens_are_listed_until_they_are_revoked_the_newest_first() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let path = format!("/coupon-list/{list}/pull-tokens");
    assert_eq!(app.get(&path).await.expect(200), json!({"data": []}));
    let first = app.pull_token(&list, &json!({})).await;
    let second = app.pull_token(&list, &json!({"fallback": "X"})).await;
    // No body at all is an empty one.
    let third = send(app.request(Method::POST, &path)).await.expect(201);
    assert_eq!(
        (&first["fallback"], &third["fallback"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        app.get(&path).await.expect(200)["data"],
        json!([third, second, first])
    );

    let revoke = format!("{path}/{}", text(&second["_id"]));
    app.delete(&revoke).await.expect_nothing();
    assert_eq!(app.get(&path).await.expect(200)["data"], json!([third, first]));
    app.delete(&revoke).await.expect_error(404, "not-found");
}

#[tokio::test]
async fn tokens_belong_to_their_list() {
    let app = TestApp::start().await;
    let (list, other) = (app.create_list().await, app.create_list().await);
    let stranger = app.create_workspace(&["--name", "Other"]);
    let token = app.pull_token(&list, &json!({})).await;
    let id = text(&token["_id"]);
    for wrong in [id, texts::UNKNOWN_ID, "nonsense", text(&token["token"])] {
        app.delete(&format!("/coupon-list/{other}/pull-tokens/{wrong}"))
            .await
            .expect_error(404, "not-found");
    }
    for answer in [
        stranger
            .delete(&format!("/coupon-list/{list}/pull-tokens/{id}"))
            .await,
        stranger.get(&format!("/coupon-list/{list}/pull-tokens")).await,
        stranger
            .post(&format!("/coupon-list/{list}/pull-tokens"), &json!({}))
            .await,
    ] {
        answer.expect_error(404, "coupon-list-not-found");
    }
    let others = app.get(&format!("/coupon-list/{other}/pull-tokens")).await;
    assert_eq!(others.expect(200), json!({"data": []}));
    let tokens = app.get(&format!("/coupon-list/{list}/pull-tokens")).await;
    assert_eq!(tokens.expect(200)["data"], json!([token]));
}

#[tokio::test]
async fn a_fallback_is_a_text_of_one_line() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let path = format!("/coupon-list/{list}/pull-tokens");
    for bad in [
        json!(1),
        json!({}),
        json!("a\nb"),
        json!("a\0"),
        json!("x".repeat(256)),
    ] {
        app.post(&path, &json!({"fallback": bad}))
            .await
            .expect_error(400, "invalid-request");
    }
    app.post(&path, &json!([]))
        .await
        .expect_error(400, "invalid-request");
    assert_eq!(app.get(&path).await.expect(200), json!({"data": []}));
    for good in ["Grüße ✓ <&>", &"x".repeat(255)] {
        let token = app.pull_token(&list, &json!({"fallback": good})).await;
        assert_eq!(token["fallback"], good);
    }
}

#[tokio::test]
async fn every_token_is_another_and_says_nothing_of_its_list() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let mut tokens = Vec::new();
    for _ in 0..3 {
        let token = app.pull_token(&list, &json!({})).await;
        let token = text(&token["token"]).to_owned();
        assert!(!token.contains(&list));
        tokens.push(token);
    }
    assert_all_different(tokens);
}
