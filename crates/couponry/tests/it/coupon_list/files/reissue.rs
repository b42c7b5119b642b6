//! `POST /v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/reissue`

use reqwest::Method;
use serde_json::{Value, json};

use super::recipients::recipients;
use crate::app::{TestApp, assert_all_different, codes, json_lines, send, text};

/// What is answered, a line for each code that is to be replaced.
async fn reissue(app: &TestApp, list: &str, file: &str) -> Vec<Value> {
    let path = format!("/coupon-list/{list}/files/{file}/reissue");
    let answer = send(app.request(Method::POST, &path)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    json_lines(&answer.text)
}

#[tokio::test]
async fn only_the_codes_of_a_stopped_file_are_replaced() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let file = app.load_codes(&list, &codes("A", 5)).await;
    app.load_codes(&list, &codes("B", 5)).await;
    app.give(&list, "u").await;
    let refused = async || {
        let path = format!("/coupon-list/{list}/files/{file}/reissue");
        send(app.request(Method::POST, &path))
            .await
            .expect_error(409, "coupon-file-not-quarantined");
    };
    refused().await;
    app.quarantine(&list, &file).await;
    assert_eq!(reissue(&app, &list, &file).await.len(), 1);
    app.resume(&list, &file).await;
    refused().await;
    assert_eq!(app.stock(&list).await, [10, 8, 0, 2, 0, 0]);
}

#[tokio::test]
async fn everybody_who_has_a_code_gets_one_of_another_file_and_once() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let file = app.load_codes(&list, &codes("BAD", 10)).await;
    app.load_codes(&list, &codes("GOOD", 10)).await;
    let campaign = json!({"id": "c", "name": "Spring"});
    let mut replaced = Vec::new();
    for body in [
        json!({"user_id": "u"}),
        json!({"user_id": "u", "request_id": "r"}),
        json!({"user_id": "v", "campaign": campaign}),
    ] {
        replaced.push(app.allocate(&list, &body).await.expect(201));
    }
    let (held, released, redeemed, disabled) = (
        app.hold(&list, "held").await,
        app.give(&list, "released").await,
        app.give(&list, "redeemed").await,
        app.give(&list, "disabled").await,
    );
    app.redeem(&list, text(&redeemed["coupon_code"]), &json!({}))
        .await
        .expect(200);
    app.disable(&list, text(&disabled["coupon_code"]))
        .await
        .expect(200);
    app.quarantine(&list, &file).await;
    app.release(&list, &released).await.expect(200);

    let answers = reissue(&app, &list, &file).await;
    assert_eq!(answers.len(), 3);
    for old in &replaced {
        let found = answers
            .iter()
            .find(|line| line["replaces"] == old["_id"])
            .unwrap();
        let new = &found["allocation"];
        assert_eq!(
            (&found["user_id"], &new["user_id"]),
            (&old["user_id"], &old["user_id"])
        );
        assert_eq!(
            (&new["campaign_id"], &new["status"]),
            (&old["campaign_id"], &json!("ALLOCATED"))
        );
        assert!(text(&new["coupon_code"]).starts_with("GOOD"), "{new}");
        assert_eq!(found.get("error"), None);
    }
    assert_all_different(
        answers
            .iter()
            .map(|line| text(&line["allocation"]["coupon_code"])),
    );
    assert_eq!(app.stock(&list).await, [20, 7, 1, 7, 1, 4]);

    // Again: the same. Once more after the hold became an allocation: one more, and the others as before.
    assert_eq!(reissue(&app, &list, &file).await, answers);
    app.confirm(&list, &held).await.expect(200);
    let more = reissue(&app, &list, &file).await;
    assert_eq!(more.len(), 4);
    assert!(answers.iter().all(|line| more.contains(line)), "{more:?}");
    assert_eq!(app.stock(&list).await, [20, 6, 0, 9, 1, 4]);
    // Who was replaced still has the old code as well: it is for the sender to say so.
    let repeat = app.allocate(&list, &json!({"user_id": "u"})).await.expect(200);
    assert_eq!(repeat, replaced[0]);
    assert!(recipients(&app, &list, &file).await.contains(&replaced[0]));
}

#[tokio::test]
async fn a_shortage_concerns_those_who_come_too_late_and_is_made_up_for() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let file = app.load_codes(&list, &codes("BAD", 4)).await;
    app.take_many(&list, "u", 4).await;
    app.quarantine(&list, &file).await;
    app.load_codes(&list, &codes("GOOD", 3)).await;
    let first = reissue(&app, &list, &file).await;
    let failed: Vec<&Value> = first.iter().filter(|line| line.get("error").is_some()).collect();
    assert_eq!((first.len(), failed.len()), (4, 1));
    assert_eq!(failed[0]["error"]["code"], "coupons-exhausted");
    assert_eq!(failed[0].get("allocation"), None);
    assert!(text(&failed[0]["user_id"]).starts_with("u-"));
    app.load_codes(&list, &codes("MORE", 2)).await;
    let second = reissue(&app, &list, &file).await;
    for (before, now) in first.iter().zip(&second) {
        if before.get("error").is_some() {
            assert!(
                text(&now["allocation"]["coupon_code"]).starts_with("MORE"),
                "{now}"
            );
        } else {
            assert_eq!(now, before);
        }
    }
    assert_eq!(app.stock(&list).await, [9, 1, 0, 8, 0, 0]);
}

#[tokio::test]
async fn an_expired_list_replaces_nothing() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let file = app.load_codes(&list, &codes("BAD", 4)).await;
    app.take_many(&list, "u", 2).await;
    app.load_codes(&list, &codes("GOOD", 3)).await;
    app.quarantine(&list, &file).await;
    app.expire(&list).await;
    let answers = reissue(&app, &list, &file).await;
    assert_eq!(answers.len(), 2);
    for answer in answers {
        assert_eq!(answer["error"]["code"], "coupon-list-not-active");
    }
}

#[tokio::test]
async fn for_an_erased_person_nobody_is_left_to_get_a_replacement() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let file = app.load_codes(&list, &codes("BAD", 4)).await;
    for user in ["before", "after", "stays"] {
        app.give(&list, user).await;
    }
    app.load_codes(&list, &codes("GOOD", 4)).await;
    app.quarantine(&list, &file).await;
    app.delete("/users/before").await.expect_nothing();
    assert_eq!(reissue(&app, &list, &file).await.len(), 2);
    app.delete("/users/after").await.expect_nothing();
    let left = reissue(&app, &list, &file).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["allocation"]["user_id"], "stays");
    assert_eq!(app.stock(&list).await, [8, 2, 0, 5, 0, 1]);
}

#[tokio::test]
async fn thousands_are_replaced() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let file = app.load_codes(&list, &codes("BAD", 2500)).await;
    app.take_many(&list, "u", 2500).await;
    app.load_codes(&list, &codes("GOOD", 2500)).await;
    app.quarantine(&list, &file).await;
    let answers = reissue(&app, &list, &file).await;
    assert_eq!(answers.len(), 2500);
    assert_all_different(
        answers
            .iter()
            .map(|line| text(&line["allocation"]["coupon_code"])),
    );
    assert_all_different(answers.iter().map(|line| text(&line["user_id"])));
    assert_eq!(app.stock(&list).await, [5000, 0, 0, 5000, 0, 0]);
}
