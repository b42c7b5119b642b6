//! `POST /v1/link-key`: every link that was made before opens nothing.

use reqwest::Method;
use serde_json::json;

use crate::{
    app::{MailHost, TestApp, codes, send, text},
    usage_report,
};

#[tokio::test]
async fn pull_urls_made_before_open_nothing_and_the_list_of_tokens_shows_the_new_ones() {
    let app = TestApp::start().await;
    let other_server = app.another_server().await;
    let stranger = app.create_workspace(&["--name", "Other"]);
    let list = app.list_with(&codes("A", 3)).await;
    let theirs = stranger.create_list().await;
    let (token, foreign) = (
        app.pull_token(&list, &json!({})).await,
        stranger.pull_token(&theirs, &json!({"fallback": "THEIRS"})).await,
    );
    let pull = async |server: &crate::app::Client, token: &serde_json::Value| {
        let path = format!("/v1/pull/{}?user_id=u", text(&token["token"]));
        send(server.anonymous(Method::GET, &path)).await.status
    };
    for server in [&*app, &other_server] {
        assert_eq!(pull(server, &token).await, 200);
    }
    app.post("/link-key", &json!({})).await.expect_nothing();
    for server in [&*app, &other_server] {
        assert_eq!(pull(server, &token).await, 404);
        assert_eq!(pull(server, &foreign).await, 200);
    }
    let tokens = app
        .get(&format!("/coupon-list/{list}/pull-tokens"))
        .await
        .expect(200);
    let renewed = &tokens["data"][0];
    assert_eq!(renewed["_id"], token["_id"]);
    assert_eq!(pull(&app, renewed).await, 200);
    // A repetition makes yet another one.
    app.post("/link-key", &json!({})).await.expect_nothing();
    assert_eq!(pull(&app, renewed).await, 404);
    assert_eq!(app.counts(&list).await, (3, 2));
}

#[tokio::test]
async fn a_mailed_link_opens_nothing_and_the_report_stays() {
    let mail = MailHost::start().await;
    let app = TestApp::start_with(|environment| mail.relay_for(environment)).await;
    let list = app.list_with(&codes("A", 10)).await;
    usage_report::hand_out_by_hand(&app, 170_000, 256).await;
    let report = usage_report::report(&app, &list).await;
    let plain = mail.nth(1).await.text("text/plain");
    let link = plain.lines().find(|line| line.starts_with("http")).unwrap();
    let path = &link[link.find("/v1/").unwrap()..];
    assert_eq!(send(app.anonymous(Method::GET, path)).await.status, 200);
    app.post("/link-key", &json!({})).await.expect_nothing();
    send(app.anonymous(Method::GET, path))
        .await
        .expect_error(404, "not-found");
    let own = app.get(&format!("/usage-report/{}", text(&report["_id"]))).await;
    assert_eq!(own.expect(200)["status"], "READY");
    app.jobs_done().await;
}
