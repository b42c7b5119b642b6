//! How much a workspace and a list may hold (row 23 of docs/MIGRATING.md).

use futures_util::future::join_all;

use crate::app::{Client, FileHost, TestApp, a_list, codes, csv};

async fn app_with(variable: &str, value: &str) -> TestApp {
    TestApp::start_with(|environment| {
        environment.insert(variable.to_owned(), value.to_owned());
    })
    .await
}

/// Row 23 of docs/MIGRATING.md.
#[tokio::test]
async fn of_ten_creations_at_once_as_many_succeed_as_there_is_room_for() {
    let app = app_with("COUPONRY_WORKSPACE_LISTS", "3").await;
    let other_server = app.another_server().await;
    let answers = join_all((0..10).map(async |n| {
        let server: &Client = if n % 2 == 0 { &app } else { &other_server };
        server.post("/coupon-list", &a_list()).await
    }))
    .await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
    assert_eq!((made.len(), refused.len()), (3, 7));
    for answer in refused {
        let message = answer.expect_error(400, "invalid-request");
        assert_eq!(message, "The workspace has as many coupon lists as it may have.");
    }
    let lists = app.get("/coupon-list").await.expect(200);
    assert_eq!(lists["data"].as_array().unwrap().len(), 3);

    // The room is each workspace's own, and an archived list takes its place: it can come back.
    app.create_workspace(&["--name", "Other"]).create_list().await;
    app.archive(lists["data"][0]["_id"].as_str().unwrap()).await;
    app.post("/coupon-list", &a_list())
        .await
        .expect_error(400, "invalid-request");
}

/// Row 23 of docs/MIGRATING.md.
#[tokio::test]
async fn a_file_that_would_overfill_its_list_fails_and_leaves_nothing() {
    let app = app_with("COUPONRY_LIST_CODES", "10").await;
    let host = FileHost::start().await;
    let all = codes("A", 11);
    let list = app.list_with(&all[..7]).await;
    let too_many = app.load(&list, &host.serve("/four.csv", csv(&all[7..]))).await;
    assert_eq!(too_many["status"], "FAILED");
    assert_eq!(
        too_many["details"]["reason"],
        "list would hold more than 10 codes"
    );
    assert_eq!(app.counts(&list).await, (7, 7));

    // What the list has already takes no room.
    let three_new = app.load(&list, &host.serve("/ten.csv", csv(&all[..10]))).await;
    assert_eq!(three_new["added_coupons"], 3, "{three_new}");
    assert_eq!(app.counts(&list).await, (10, 10));
}
