//! `GET /v1/coupon-list`

use serde_json::Value;

use crate::app::{Client, TestApp, text};

async fn ids(client: &Client, query: &str) -> Vec<String> {
    let lists = client.get(&format!("/coupon-list{query}")).await.expect(200);
    let lists = lists["data"].as_array().unwrap();
    lists.iter().map(|list| text(&list["_id"]).to_owned()).collect()
}

#[tokio::test]
async fn without_lists_the_data_is_empty() {
    let app = TestApp::start().await;
    assert_eq!(app.get("/coupon-list").await.text, r#"{"data":[]}"#);
}

/// Rows 2 and 43 of docs/MIGRATING.md.
#[tokio::test]
async fn all_lists_come_newest_first_whatever_their_status() {
    let app = TestApp::start().await;
    let active = app.create_list().await;
    let archived = app.create_list().await;
    let expired = app.create_list().await;
    app.archive(&archived).await;
    app.expire(&expired).await;

    assert_eq!(
        ids(&app, "").await,
        [expired.as_str(), archived.as_str(), active.as_str()]
    );
    assert_eq!(ids(&app, "?status=ACTIVE").await, [active]);
    assert_eq!(ids(&app, "?status=ARCHIVED").await, [archived]);
    assert_eq!(ids(&app, "?status=EXPIRED").await, [expired]);
}

#[tokio::test]
async fn an_item_is_what_the_details_show() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1", "A-2", "A-3"]).await;
    app.take(&list, "u-1").await;
    let lists = app.get("/coupon-list").await.expect(200);
    assert_eq!(lists["data"][0], app.list(&list).await);
    assert_eq!(lists["data"][0]["available_coupons"], 2);
}

/// Row 3 of docs/MIGRATING.md.
#[tokio::test]
async fn an_unknown_status_is_a_bad_request() {
    let app = TestApp::start().await;
    app.create_list().await;
    for status in [
        "active",
        "Active",
        "DELETED",
        "ACTIVE%00",
        "ACTIVE%0d%0aX:1",
        "'%20or%201=1--",
        "%ff",
    ] {
        app.get(&format!("/coupon-list?status={status}"))
            .await
            .expect_error(400, "bad-request");
    }
}

#[tokio::test]
async fn lists_of_another_workspace_are_not_shown() {
    let app = TestApp::start().await;
    let ours = app.create_list().await;
    let other = app.create_workspace(&["--name", "Other"]);
    assert_eq!(ids(&other, "").await, Vec::<String>::new());

    let theirs = other.create_list().await;
    assert_eq!(ids(&other, "").await, [theirs]);
    assert_eq!(ids(&app, "").await, [ours]);
}

/// Row 21 of docs/MIGRATING.md.
#[tokio::test]
async fn workspaces_may_use_the_same_names() {
    let app = TestApp::start().await;
    let body: Value = crate::app::a_list();
    let other = app.create_workspace(&["--name", "Other"]);
    app.create_list_from(&body).await;
    other.create_list_from(&body).await;
}
