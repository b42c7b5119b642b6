//! `limit`, `offset` and `search` on `GET /v1/coupon-list`, `limit` and `offset` on its files (row 43 of docs/MIGRATING.md).

use serde_json::json;

use crate::app::{Client, FileHost, TestApp, a_list, csv, text, with};

async fn ids(client: &Client, path: &str) -> Vec<String> {
    let all = client.get(path).await.expect(200);
    let all = all["data"].as_array().unwrap();
    all.iter().map(|item| text(&item["_id"]).to_owned()).collect()
}

/// Pages of every length, put together again.
async fn assert_pages_are_parts(app: &TestApp, path: &str) {
    let all = ids(app, path).await;
    for length in 1..=all.len() + 1 {
        let mut together = Vec::new();
        for offset in (0..all.len()).step_by(length) {
            let page = ids(app, &format!("{path}?limit={length}&offset={offset}")).await;
            assert!(page.len() <= length);
            together.extend(page);
        }
        assert_eq!(together, all, "pages of {length}");
    }
    assert_eq!(ids(app, &format!("{path}?offset=2")).await, all[2..]);
    assert_eq!(ids(app, &format!("{path}?limit=2")).await, all[..2]);
    let beyond = format!("{path}?limit=1000&offset={}", i32::MAX);
    assert_eq!(ids(app, &beyond).await, Vec::<String>::new());
}

/// Row 43 of docs/MIGRATING.md.
#[tokio::test]
async fn pages_of_lists_are_parts_of_the_whole_newest_first() {
    let app = TestApp::start().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(app.create_list().await);
    }
    made.reverse();
    assert_eq!(ids(&app, "/coupon-list").await, made);
    assert_pages_are_parts(&app, "/coupon-list").await;
}

/// Row 43 of docs/MIGRATING.md.
#[tokio::test]
async fn lists_of_one_moment_come_by_their_ids() {
    let app = TestApp::start().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(app.create_list().await);
    }
    sqlx::query("update coupon_list set created_at = (select min(created_at) from coupon_list)")
        .execute(&mut app.database.connect().await)
        .await
        .unwrap();
    made.sort();
    assert_eq!(ids(&app, "/coupon-list").await, made);
    assert_pages_are_parts(&app, "/coupon-list").await;
}

/// Row 43 of docs/MIGRATING.md.
#[tokio::test]
async fn pages_of_files_are_parts_of_the_whole_newest_first() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let url = host.serve("/codes.csv", csv(&["A-1"]));
    let list = app.create_list().await;
    let mut made = Vec::new();
    for _ in 0..4 {
        made.push(app.upload(&list, &url).await);
    }
    made.reverse();
    let path = format!("/coupon-list/{list}/files");
    assert_eq!(ids(&app, &path).await, made);
    assert_pages_are_parts(&app, &path).await;
    app.jobs_done().await;
}

/// Row 43 of docs/MIGRATING.md.
#[tokio::test]
async fn a_search_finds_names_and_labels_in_whatever_case() {
    let app = TestApp::start().await;
    let named = async |name: &str, label: &str| {
        app.create_list_from(&with(a_list(), json!({"name": name, "label": label})))
            .await
    };
    let spring = named("Spring Sale", "one").await;
    let autumn = named("Autumn", "not_SPRING").await;
    let percent = named("100% off_season", "three").await;
    let umlaut = named("Frühlingsstraße", "four").await;
    let cyrillic = named("весна", "İSTANBUL").await;
    app.archive(&spring).await;
    let stranger = app.create_workspace(&["--name", "Other"]);
    stranger
        .create_list_from(&with(a_list(), json!({"name": "Spring"})))
        .await;

    for (query, expected) in [
        ("search=spring", vec![&autumn, &spring]),
        ("search=SPRING%20sale", vec![&spring]),
        ("search=spring&status=ACTIVE", vec![&autumn]),
        ("search=spring&limit=1", vec![&autumn]),
        ("search=spring&limit=1&offset=1", vec![&spring]),
        ("search=Fr%C3%BChling", vec![&umlaut]),
        ("search=FR%C3%9CHLINGSSTRASSE", vec![&umlaut]),
        ("search=%D0%92%D0%95%D0%A1%D0%9D%D0%90", vec![&cyrillic]),
        ("search=istanbul", vec![&cyrillic]),
        // What means something to the database means nothing here.
        ("search=%25", vec![&percent]),
        ("search=_s", vec![&percent, &autumn]),
        ("search=%5C", vec![]),
        ("search='%20or%20''%3D'", vec![]),
        ("search=", vec![&cyrillic, &umlaut, &percent, &autumn, &spring]),
    ] {
        let found = ids(&app, &format!("/coupon-list?{query}")).await;
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{query}");
    }
}
