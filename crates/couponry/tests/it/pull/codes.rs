//! What a token answers.

use serde_json::json;

use super::{pull, pull_as};
use crate::app::{TestApp, codes, text};

#[tokio::test]
async fn a_pull_is_an_allocation() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 10)).await;
    let token = app.pull_token(&list, &json!({})).await;
    for (query, body) in [
        ("user_id=u", json!({"user_id": "u"})),
        (
            "user_id=u&campaign_id=c",
            json!({"user_id": "u", "campaign": {"id": "c"}}),
        ),
        (
            "user_id=u&request_id=r",
            json!({"user_id": "u", "request_id": "r"}),
        ),
        (
            "user_id=%C3%BC+%26&request_id=r2&campaign_id=c",
            json!({"user_id": "ü &", "request_id": "r2", "campaign": {"id": "c"}}),
        ),
    ] {
        let pulled = pull(&app, &token, query).await;
        let code = pulled.expect(200);
        assert_eq!(app.allocate(&list, &body).await.text, pulled.text);
        // Whoever renders the message once more gets the same code.
        for _ in 0..2 {
            assert_eq!(pull(&app, &token, query).await.text, pulled.text);
        }
        assert_eq!(code["status"], "ALLOCATED");
    }
    assert_eq!(app.counts(&list).await, (10, 6));
}

#[tokio::test]
async fn the_answer_is_plain_text_for_those_who_ask_for_it() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 3)).await;
    let token = app.pull_token(&list, &json!({"fallback": "ÜBRIG ✓"})).await;
    let json = pull(&app, &token, "user_id=u").await.expect(200);
    for accept in [
        "text/plain",
        "text/plain, */*",
        "text/plain;q=1, application/json;q=0.5",
        "application/json;q=0.5, text/plain",
        "*/*;q=0.1, TEXT/PLAIN; charset=utf-8",
    ] {
        let answer = pull_as(&app, &token, "user_id=u", accept).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (200, text(&json["coupon_code"]))
        );
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    }
    for accept in [
        "application/json",
        "*/*",
        "text/html",
        "application/json, text/plain",
        "text/plain;q=0.5, application/json",
        "text/plain;q=0",
        "text/plain;q=2",
        "",
        "\t",
    ] {
        let answer = pull_as(&app, &token, "user_id=u", accept).await;
        assert_eq!(answer.expect(200), json);
    }
    app.archive(&list).await;
    let fallback = pull_as(&app, &token, "user_id=new", "text/plain").await;
    assert_eq!((fallback.status, fallback.text.as_str()), (200, "ÜBRIG ✓"));
    let preview = pull_as(&app, &token, "preview=1", "text/plain").await;
    assert_eq!(preview.status, 200);
    assert!(!preview.text.is_empty() && preview.text != "ÜBRIG ✓");
}

#[tokio::test]
async fn a_preview_takes_nothing() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1"]).await;
    let token = app.pull_token(&list, &json!({})).await;
    for query in ["user_id=u&preview=1", "preview=1", "preview=true&campaign_id=c"] {
        let preview = pull(&app, &token, query).await.expect(200);
        assert_eq!(
            (&preview["preview"], &preview["fallback"]),
            (&json!(true), &json!(false))
        );
        assert_ne!(preview["coupon_code"], "A-1");
    }
    assert_eq!(app.stock(&list).await, [1, 1, 0, 0, 0, 0]);
    assert_eq!(app.allocations(&list, "").await["data"], json!([]));
    for query in ["user_id=u&preview=0", "user_id=u&preview="] {
        assert_eq!(pull(&app, &token, query).await.expect(200)["coupon_code"], "A-1");
    }
    for query in [
        "user_id=u&preview=2",
        "user_id=u&preview=yes",
        "preview=1&preview=1",
    ] {
        pull(&app, &token, query).await.expect_error(400, "bad-request");
    }
}

#[tokio::test]
async fn a_list_without_a_code_to_give_answers_the_fallback_and_why() {
    let app = TestApp::start().await;
    let (dry, archived, expired) = (
        app.list_with(&["A-1"]).await,
        app.list_with(&codes("A", 3)).await,
        app.list_with(&codes("A", 3)).await,
    );
    let mut known = Vec::new();
    for list in [&dry, &archived, &expired] {
        known.push(app.give(list, "known").await);
    }
    app.archive(&archived).await;
    app.expire(&expired).await;
    let ended = "coupon-list-not-active";
    let lists = [(&dry, "coupons-exhausted"), (&archived, ended), (&expired, ended)];
    for ((list, reason), known) in lists.into_iter().zip(known) {
        let stock = app.stock(list).await;
        let token = app.pull_token(list, &json!({"fallback": "WELCOME10"})).await;
        let instead = pull(&app, &token, "user_id=new").await.expect(200);
        assert_eq!(
            instead,
            json!({"coupon_code": "WELCOME10", "fallback": true, "reason": reason, "preview": false})
        );
        // Whoever has a code keeps getting it.
        assert_eq!(pull(&app, &token, "user_id=known").await.expect(200), known);
        let bare = app.pull_token(list, &json!({})).await;
        pull(&app, &bare, "user_id=new").await.expect_error(409, reason);
        pull_as(&app, &bare, "user_id=new", "text/plain")
            .await
            .expect_error(409, reason);
        assert_eq!(app.stock(list).await, stock);
    }
    // A fallback is no code of the key: it gets one as soon as there is one.
    app.load_codes(&dry, &["A-2"]).await;
    let token = app.pull_token(&dry, &json!({"fallback": "WELCOME10"})).await;
    assert_eq!(
        pull(&app, &token, "user_id=new").await.expect(200)["coupon_code"],
        "A-2"
    );
}

#[tokio::test]
async fn what_is_wrong_with_the_key_is_no_case_for_the_fallback() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 3)).await;
    let token = app.pull_token(&list, &json!({"fallback": "WELCOME10"})).await;
    pull(&app, &token, "user_id=u&request_id=r").await.expect(200);
    pull(&app, &token, "user_id=v&request_id=r")
        .await
        .expect_error(409, "request-conflict");
    let given = app.give(&list, "w").await;
    app.release(&list, &given).await.expect(200);
    pull(&app, &token, "user_id=w")
        .await
        .expect_error(409, "allocation-released");
    for query in ["", "campaign_id=c&request_id=r"] {
        pull(&app, &token, query)
            .await
            .expect_error(400, "missing-mandatory-attributes");
    }
    let long = format!("user_id={}", "x".repeat(256));
    for query in [
        "user_id=",
        "user_id=%00",
        "user_id=a&user_id=b",
        "user_id=u&campaign_id=a%0A",
        &long,
    ] {
        pull(&app, &token, query).await.expect_error(400, "bad-request");
    }
    assert_eq!(app.counts(&list).await, (3, 2));
}
