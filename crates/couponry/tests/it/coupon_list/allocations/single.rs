//! `POST /v1/coupon-list/{coupon_list_id}/allocations`

use serde_json::{Value, json};

use crate::app::{Answer, TestApp, assert_all_different, codes, sorted, text, texts, with};

#[track_caller]
fn code_of(answer: &Answer, status: u16) -> String {
    text(&answer.expect(status)["coupon_code"]).to_owned()
}

#[tokio::test]
async fn a_new_allocation_shows_who_got_which_code() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1"]).await;
    let before = app.database.instant_in(-5).await;
    let body = json!({
        "user_id": "u-81", "request_id": "msg-7f3",
        "campaign": {"id": "c-12", "name": "Spring", "channel": "Email", "delivery_type": "Event Triggered",
                     "sent_at": "2026-11-22T10:00:00Z", "locale": "de", "variation": "B"},
    });
    let allocation = app.allocate(&list, &body).await.expect(201);
    let after = app.database.instant_in(5).await;

    let at = text(&allocation["allocated_at"]).to_owned();
    assert!(before <= at && at <= after, "{before} {at} {after}");
    assert!(!text(&allocation["_id"]).is_empty());
    let expected = json!({
        "_id": allocation["_id"], "coupon_list_id": list, "coupon_code": "A-1", "user_id": "u-81",
        "request_id": "msg-7f3", "campaign_id": "c-12", "status": "ALLOCATED", "allocated_at": at, "held_until": null,
    });
    assert_eq!(allocation, expected);
}

#[tokio::test]
async fn what_was_not_sent_is_null() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1"]).await;
    let allocation = app.allocate(&list, &json!({"user_id": "u"})).await.expect(201);
    for key in ["request_id", "campaign_id", "held_until"] {
        assert_eq!(allocation[key], Value::Null, "{key}");
    }
}

/// Row 41 of docs/MIGRATING.md.
#[tokio::test]
async fn a_repeat_gets_the_same_bytes() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 10)).await;
    for body in [
        json!({"user_id": "by-user"}),
        json!({"user_id": "by-campaign", "campaign": {"id": "c-1"}}),
        json!({"user_id": "by-request", "request_id": "r-1"}),
        json!({"user_id": "by-request", "request_id": "r-2", "campaign": {"id": "c-1"}}),
        json!({"user_id": "held", "request_id": "r-3", "hold_seconds": 600}),
    ] {
        let first = app.allocate(&list, &body).await;
        first.expect(201);
        for _ in 0..3 {
            let repeat = app.allocate(&list, &body).await;
            repeat.expect(200);
            assert_eq!(repeat.text, first.text);
        }
    }
    assert_eq!(app.counts(&list).await, (10, 5));
}

/// Row 41 of docs/MIGRATING.md.
#[tokio::test]
async fn the_request_id_decides_else_campaign_and_user_else_the_user() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 20)).await;
    // Each of these is a key of its own …
    let different = [
        json!({"user_id": "u"}),
        json!({"user_id": "v"}),
        json!({"user_id": "u", "campaign": {"id": "c"}}),
        json!({"user_id": "u", "campaign": {"id": "d"}}),
        json!({"user_id": "v", "campaign": {"id": "c"}}),
        json!({"user_id": "u", "request_id": "r"}),
        json!({"user_id": "u", "request_id": "s"}),
        json!({"user_id": "u", "request_id": "u"}),
        json!({"user_id": "cu"}),
    ];
    let mut taken = Vec::new();
    for body in &different {
        taken.push(code_of(&app.allocate(&list, body).await, 201));
    }
    assert_all_different(&taken);
    // … and what describes the campaign otherwise is not part of it.
    let renamed = json!({"user_id": "u", "campaign": {"id": "c", "name": "Renamed", "channel": "Push"}});
    assert_eq!(code_of(&app.allocate(&list, &renamed).await, 200), taken[2]);
}

#[tokio::test]
async fn ids_that_differ_in_one_byte_are_different_ids() {
    let app = TestApp::start().await;
    let users = ["user", "User", "user ", "é", "e\u{301}", "0", "00"];
    let list = app.list_with(&codes("A", users.len())).await;
    let mut taken = Vec::new();
    for user in users {
        taken.push(app.take(&list, user).await);
    }
    assert_all_different(&taken);
}

#[tokio::test]
async fn one_request_id_for_two_things_is_a_conflict_and_takes_nothing() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 10)).await;
    let body = json!({"user_id": "u", "request_id": "r", "campaign": {"id": "c"}});
    let first = app.allocate(&list, &body).await;
    first.expect(201);
    for change in [
        json!({"user_id": "someone-else"}),
        json!({"campaign": {"id": "another"}}),
        json!({"user_id": "U"}),
    ] {
        app.allocate(&list, &with(body.clone(), change))
            .await
            .expect_error(409, "request-conflict");
    }
    let without_campaign = json!({"user_id": "u", "request_id": "r"});
    app.allocate(&list, &without_campaign)
        .await
        .expect_error(409, "request-conflict");
    assert_eq!(app.counts(&list).await, (10, 9));
    assert_eq!(app.allocate(&list, &body).await.text, first.text);
}

/// Row 41 of docs/MIGRATING.md.
#[tokio::test]
async fn every_code_of_a_file_goes_out_once() {
    let app = TestApp::start().await;
    let codes = codes("A", 50);
    let list = app.list_with(&codes).await;
    let mut taken = Vec::new();
    for n in 0..codes.len() {
        taken.push(app.take(&list, &format!("u-{n}")).await);
    }
    assert_eq!(sorted(&taken), codes);
    assert_ne!(taken, codes, "neighbours in the file went out in a row");
    app.allocate(&list, &json!({"user_id": "one-too-many"}))
        .await
        .expect_error(409, "coupons-exhausted");
}

#[tokio::test]
async fn who_came_too_late_gets_a_code_after_the_next_file() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let body = json!({"user_id": "u"});
    for _ in 0..2 {
        app.allocate(&list, &body)
            .await
            .expect_error(409, "coupons-exhausted");
    }
    app.load_codes(&list, &["A-1"]).await;
    assert_eq!(code_of(&app.allocate(&list, &body).await, 201), "A-1");
}

#[tokio::test]
async fn a_known_key_is_answered_whatever_became_of_the_list() {
    let app = TestApp::start().await;
    let (archived, expired, emptied) = (
        app.list_with(&codes("A", 3)).await,
        app.list_with(&codes("A", 3)).await,
        app.create_list().await,
    );
    let file = app.load_codes(&emptied, &["A-1"]).await;
    let body = json!({"user_id": "u", "request_id": "r"});
    let mut first = Vec::new();
    for list in [&archived, &expired, &emptied] {
        let answer = app.allocate(list, &body).await;
        answer.expect(201);
        first.push(answer.text);
    }
    app.archive(&archived).await;
    app.expire(&expired).await;
    app.delete_file(&emptied, &file).await;
    app.jobs_done().await;
    for (list, first) in [&archived, &expired, &emptied].into_iter().zip(first) {
        let repeat = app.allocate(list, &body).await;
        repeat.expect(200);
        assert_eq!(repeat.text, first);
        let conflict = with(body.clone(), json!({"user_id": "v"}));
        app.allocate(list, &conflict)
            .await
            .expect_error(409, "request-conflict");
    }
    for list in [&archived, &expired] {
        app.allocate(list, &json!({"user_id": "new"}))
            .await
            .expect_error(409, "coupon-list-not-active");
    }
}

#[tokio::test]
async fn the_same_key_in_two_lists_is_two_keys() {
    let app = TestApp::start().await;
    for _ in 0..2 {
        let list = app.list_with(&["A-1"]).await;
        let body = json!({"user_id": "u", "request_id": "r"});
        assert_eq!(code_of(&app.allocate(&list, &body).await, 201), "A-1");
    }
}

#[tokio::test]
async fn unknown_and_foreign_lists_hand_out_nothing() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1"]).await;
    let stranger = app.create_workspace(&["--name", "Other"]);
    let body = json!({"user_id": "u"});
    for answer in [
        app.allocate(texts::UNKNOWN_ID, &body).await,
        app.allocate("nonsense", &body).await,
        stranger.allocate(&list, &body).await,
    ] {
        let message = answer.expect_error(404, "coupon-list-not-found");
        assert_eq!(message, texts::LIST_NOT_FOUND);
    }
    assert_eq!(app.counts(&list).await, (1, 1));
}
