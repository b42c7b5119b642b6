//! Everybody wants the same: the last code, or the code of one key.

use futures_util::future::join_all;
use serde_json::json;

use super::code_or_exhausted;
use crate::app::{Client, TestApp, assert_all_different, codes, text};

#[tokio::test]
async fn of_two_hundred_keys_at_once_one_gets_the_last_code() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    for round in 0..5 {
        app.load_codes(&list, &[format!("LAST-{round}")]).await;
        let answers = join_all((0..200).map(async |n| {
            let body = json!({"user_id": format!("u-{round}-{n}")});
            app.allocate(&list, &body).await
        }))
        .await;
        let winners: Vec<String> = answers.iter().filter_map(code_or_exhausted).collect();
        assert_eq!(winners, [format!("LAST-{round}")]);
    }
}

/// Row 41 of docs/MIGRATING.md.
#[tokio::test]
async fn one_key_at_once_on_two_servers_gets_one_code() {
    let app = TestApp::start().await;
    let other = app.another_server().await;
    let list = app.list_with(&codes("A", 100)).await;
    let mut taken = Vec::new();
    for n in 0..20 {
        let body = json!({"user_id": "u", "request_id": format!("r-{n}")});
        let answers = join_all((0..32).map(async |m| {
            let server: &Client = if m % 2 == 0 { &app } else { &other };
            server.allocate(&list, &body).await
        }))
        .await;
        let new = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(new, 1);
        for answer in &answers {
            assert_eq!(answer.text, answers[0].text);
        }
        taken.push(text(&answers[0].expect(answers[0].status)["coupon_code"]).to_owned());
    }
    assert_all_different(&taken);
    assert_eq!(app.counts(&list).await, (100, 80));
}
