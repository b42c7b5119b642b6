//! `DELETE /v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}`

use futures_util::future::{join, join_all};
use serde_json::json;

use crate::app::{FileHost, TestApp, assert_all_different, codes, csv, text, texts, until};

fn path(list: &str, file: &str) -> String {
    format!("/coupon-list/{list}/files/{file}")
}

/// Rows 16 and 34 of docs/MIGRATING.md.
#[tokio::test]
async fn exactly_the_codes_that_were_not_handed_out_go() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let deleted = app.load_codes(&list, &codes("GONE", 2000)).await;
    let taken = app.take_many(&list, "u", 700).await;
    app.load_codes(&list, &codes("KEPT", 10)).await;
    app.delete(&path(&list, &deleted)).await.expect_nothing();
    assert_eq!(app.counts(&list).await, (710, 10));

    let rest = app.take_many(&list, "rest", 10).await;
    assert!(rest.iter().all(|code| code.starts_with("KEPT")));
    app.allocate(&list, &json!({"user_id": "one-more"}))
        .await
        .expect_error(409, "coupons-exhausted");
    let repeat = app.allocate(&list, &json!({"user_id": "u-5"})).await.expect(200);
    assert_eq!(repeat["coupon_code"], taken[5]);

    let free: Vec<String> = codes("GONE", 2000)
        .into_iter()
        .filter(|code| !taken.contains(code))
        .collect();
    until("no table to hold a free code", async || {
        app.database.tables_with_any_of(&free).await.is_empty()
    })
    .await;
}

/// Rows 5 and 34 of docs/MIGRATING.md.
#[tokio::test]
async fn a_deleted_file_is_not_found_any_more() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let file = app.load_codes(&list, &["A-1"]).await;
    app.delete(&path(&list, &file)).await.expect_nothing();
    for answer in [
        app.get(&path(&list, &file)).await,
        app.delete(&path(&list, &file)).await,
    ] {
        assert_eq!(answer.expect_error(404, "not-found"), texts::NOT_FOUND);
    }
}

/// Row 34 of docs/MIGRATING.md.
#[tokio::test]
async fn of_ten_deletions_at_once_one_succeeds() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let file = app.load_codes(&list, &["A-1"]).await;
    let path = path(&list, &file);
    let answers = join_all((0..10).map(|_| app.delete(&path))).await;
    let (done, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 204);
    assert_eq!(done.len(), 1);
    for answer in refused {
        answer.expect_error(404, "not-found");
    }
}

/// Row 34 of docs/MIGRATING.md.
#[tokio::test]
async fn a_file_can_be_deleted_while_it_loads_and_leaves_nothing() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let (url, gate) = host.serve_at_a_gate("/codes.csv", csv(&codes("A", 100)));
    let file = app.upload(&list, &url).await;
    gate.reached_by(1).await;
    app.delete(&path(&list, &file)).await.expect_nothing();
    app.get(&path(&list, &file)).await.expect_error(404, "not-found");
    gate.open();
    app.jobs_done().await;
    assert_eq!(app.counts(&list).await, (0, 0));
    // The worker hears of it at its next step.
    until("the codes to be gone from the disk", async || {
        app.database.tables_with_any_of(&codes("A", 100)).await.is_empty()
    })
    .await;
}

#[tokio::test]
async fn a_file_that_failed_can_be_deleted() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let file = app.load(&list, &host.serve("/bad", "no header")).await;
    app.delete(&path(&list, text(&file["_id"])))
        .await
        .expect_nothing();
    let files = app.get(&format!("/coupon-list/{list}/files")).await;
    assert_eq!(files.text, r#"{"data":[]}"#);
}

/// Row 34 of docs/MIGRATING.md.
#[tokio::test]
async fn a_file_deleted_while_codes_go_out_loses_none_of_those() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let file = app.load_codes(&list, &codes("A", 500)).await;
    let take = async |n: usize| {
        let body = json!({"user_id": format!("u-{n}")});
        app.allocate(&list, &body).await
    };
    let path = path(&list, &file);
    let (answers, deleted) = join(join_all((0..200).map(take)), app.delete(&path)).await;
    deleted.expect_nothing();

    let mut taken = Vec::new();
    for (n, answer) in answers.iter().enumerate() {
        if answer.status == 201 {
            let code = text(&answer.expect(201)["coupon_code"]).to_owned();
            assert_eq!(take(n).await.expect(200)["coupon_code"], code);
            taken.push(code);
        } else {
            answer.expect_error(409, "coupons-exhausted");
        }
    }
    assert_all_different(&taken);
    let number = i64::try_from(taken.len()).unwrap();
    assert_eq!(app.counts(&list).await, (number, 0));
}

/// Row 5 of docs/MIGRATING.md.
#[tokio::test]
async fn only_a_file_of_this_list_can_be_deleted() {
    let app = TestApp::start().await;
    let (list, other) = (app.create_list().await, app.create_list().await);
    let file = app.load_codes(&other, &["A-1"]).await;
    for id in [file.as_str(), texts::UNKNOWN_ID, "nonsense"] {
        app.delete(&path(&list, id)).await.expect_error(404, "not-found");
    }
    app.delete(&path(texts::UNKNOWN_ID, &file))
        .await
        .expect_error(404, "coupon-list-not-found");
    assert_eq!(app.counts(&other).await, (1, 1));
}
