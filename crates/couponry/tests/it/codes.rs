//! `GET /v1/codes/{code}`: a code, whichever lists of the workspace have it

use serde_json::{Value, json};

use crate::app::{Answer, Client, TestApp, code_path, codes, text};

async fn search(client: &Client, code: &str) -> Answer {
    client.get(&code_path("", code)).await
}

/// The lists in which the code was found.
fn lists(found: &Value) -> Vec<&str> {
    let data = found["data"].as_array().unwrap();
    data.iter()
        .map(|passport| text(&passport["coupon_list_id"]))
        .collect()
}

#[tokio::test]
async fn two_lists_with_the_same_code_are_both_told_the_newest_first() {
    let app = TestApp::start().await;
    let older = app.list_with(&["A-1", "A-2"]).await;
    let newer = app.list_with(&["A-1", "B-1"]).await;
    let taken = [app.take(&older, "u").await, app.take(&older, "v").await];
    assert!(taken.contains(&"A-1".to_owned()));
    let found = search(&app, "A-1").await.expect(200);
    assert_eq!(lists(&found), [&newer, &older]);
    for (list, passport) in [&newer, &older]
        .into_iter()
        .zip(found["data"].as_array().unwrap())
    {
        assert_eq!(&app.passport(list, "A-1").await.expect(200), passport);
    }
    assert_eq!(
        (&found["data"][0]["status"], &found["data"][1]["status"]),
        (&json!("AVAILABLE"), &json!("ALLOCATED"))
    );
    assert_eq!(lists(&search(&app, "B-1").await.expect(200)), [&newer]);
}

#[tokio::test]
async fn another_workspaces_code_is_not_found() {
    let app = TestApp::start().await;
    let stranger = app.create_workspace(&["--name", "Other"]);
    let list = app.list_with(&["A-1"]).await;
    app.take(&list, "u").await;
    search(&app, "A-1").await.expect(200);
    let theirs = search(&stranger, "A-1").await;
    theirs.expect_error(404, "not-found");
    assert_eq!(theirs.text, search(&stranger, "NO-SUCH-CODE").await.text);
}

#[tokio::test]
async fn codes_of_any_characters_are_found() {
    let app = TestApp::start().await;
    let odd = ["A/B", "50%", "%2F", "A+B", "A B", "Grüße ✓", "export", "a?b#c"];
    let list = app.list_with(&odd).await;
    for code in odd {
        let found = search(&app, code).await.expect(200);
        assert_eq!(lists(&found), [&list], "{code}");
        assert_eq!(found["data"][0]["coupon_code"], code);
    }
}

#[tokio::test]
async fn a_code_that_somebody_has_outlives_its_file_and_list() {
    let app = TestApp::start().await;
    let all = codes("A", 3);
    let (deleted, archived) = (app.create_list().await, app.list_with(&all).await);
    let file = app.load_codes(&deleted, &all).await;
    let taken = [app.take(&deleted, "u").await, app.take(&archived, "u").await];
    app.delete_file(&deleted, &file).await;
    app.archive(&archived).await;
    app.jobs_done().await;
    for code in &all {
        let expected: Vec<&String> = [(&archived, &taken[1]), (&deleted, &taken[0])]
            .into_iter()
            .filter(|(_, taken)| *taken == code)
            .map(|(list, _)| list)
            .collect();
        let answer = search(&app, code).await;
        if expected.is_empty() {
            answer.expect_error(404, "not-found");
        } else {
            assert_eq!(lists(&answer.expect(200)), expected);
        }
    }
}
