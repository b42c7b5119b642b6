//! `PATCH /v1/coupon-list/{coupon_list_id}`

use futures_util::future::join;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp, a_list, text, texts, with};

async fn patch(app: &TestApp, list: &str, changes: Value) -> Answer {
    app.patch(&format!("/coupon-list/{list}"), &changes).await
}

/// Row 19 of docs/MIGRATING.md.
#[tokio::test]
async fn what_is_named_changes_and_the_rest_stays() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let before = app.list(&list).await;
    for (changes, expected) in [
        (json!({"name": "Renamed"}), json!({"name": "Renamed"})),
        (
            json!({"expires_at": "2098-01-01"}),
            json!({"expires_at": "2098-01-01T23:59:00.000Z"}),
        ),
        (
            json!({"email_alert_subscribers": ["a@example.com", "b@example.com"]}),
            json!({"email_alert_subscribers": ["a@example.com", "b@example.com"]}),
        ),
        (
            json!({"email_alert_subscribers": ["c@example.com"]}),
            json!({"email_alert_subscribers": ["c@example.com"]}),
        ),
        (
            json!({"email_alert_subscribers": []}),
            json!({"email_alert_subscribers": []}),
        ),
    ] {
        let before = app.list(&list).await;
        let answer = patch(&app, &list, changes).await.expect(200);
        let after = app.list(&list).await;
        let expected = with(with(before, expected), json!({"updated_at": after["updated_at"]}));
        assert_eq!(after, expected);
        for (key, value) in answer.as_object().unwrap() {
            assert_eq!(value, &after[key.as_str()], "{key}");
        }
    }
    let after = app.list(&list).await;
    assert!(text(&after["updated_at"]) > text(&before["updated_at"]));
    // The snippet is in templates already: it survives every new name.
    assert_eq!(
        after["personalization_snippet"],
        before["personalization_snippet"]
    );
}

/// Row 19 of docs/MIGRATING.md.
#[tokio::test]
async fn alert_conditions_are_merged_key_by_key() {
    let app = TestApp::start().await;
    let alerts = json!({"success_alert": true, "expiry_alert": {"alert": false, "days_before": 7}});
    let list = app
        .create_list_from(&with(a_list(), json!({"alert_conditions": alerts})))
        .await;
    let changes = json!({"alert_conditions": {"expiry_alert": {"alert": true}, "failure_alert": true}});
    let updated = patch(&app, &list, changes).await.expect(200);
    assert_eq!(
        updated["alert_conditions"],
        json!({
            "success_alert": true,
            "failure_alert": true,
            "expiry_alert": {"alert": true, "days_before": 7},
            "coupon_shortage_alert": {"alert": false, "threshold_count": 0},
        })
    );
}

/// Row 18 of docs/MIGRATING.md.
#[tokio::test]
async fn label_creator_and_unknown_keys_are_ignored() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let before = app.list(&list).await;
    let changes = json!({
        "label": "other", "created_by": "other", "status": "ARCHIVED", "total_coupons": 9,
        "_id": texts::UNKNOWN_ID, "no_such_key": 1, "name": "Renamed",
    });
    patch(&app, &list, changes).await.expect(200);
    let after = app.list(&list).await;
    let expected = with(
        before,
        json!({"name": "Renamed", "updated_at": after["updated_at"]}),
    );
    assert_eq!(after, expected);
}

/// Row 18 of docs/MIGRATING.md.
#[tokio::test]
async fn nothing_to_change_changes_nothing() {
    let app = TestApp::start().await;
    let active = app.create_list().await;
    let archived = app.create_list().await;
    app.archive(&archived).await;
    for list in [active, archived] {
        let before = app.list(&list).await;
        patch(&app, &list, json!({})).await.expect(200);
        assert_eq!(app.list(&list).await, before);
    }
}

#[tokio::test]
async fn a_list_may_keep_its_own_name_but_not_take_anothers() {
    let app = TestApp::start().await;
    let (list, other) = (app.create_list().await, app.create_list().await);
    let own = app.list(&list).await["name"].clone();
    patch(&app, &list, json!({"name": own})).await.expect(200);

    let before = app.list(&list).await;
    let taken = app.list(&other).await["name"].clone();
    let changes = json!({"name": taken, "expires_at": "2098-01-01"});
    let answer = patch(&app, &list, changes).await;
    assert_eq!(
        answer.expect_error(400, "duplicate-coupon-list-name"),
        texts::DUPLICATE_NAME
    );
    assert_eq!(app.list(&list).await, before);
}

/// Row 21 of docs/MIGRATING.md.
#[tokio::test]
async fn the_name_of_a_list_that_is_over_cannot_be_taken() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let (archived, expired) = (app.create_list().await, app.create_list().await);
    app.archive(&archived).await;
    app.expire(&expired).await;
    for other in [archived, expired] {
        let taken = app.list(&other).await["name"].clone();
        patch(&app, &list, json!({"name": taken}))
            .await
            .expect_error(400, "duplicate-coupon-list-name");
    }
}

/// Row 11 of docs/MIGRATING.md.
#[tokio::test]
async fn an_expiry_in_the_past_is_refused_and_changes_nothing() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let before = app.list(&list).await;
    let instant_ago = app.database.instant_in(-1000).await;
    for past in ["2020-01-01", instant_ago.as_str()] {
        let changes = json!({"name": "Renamed", "expires_at": past});
        patch(&app, &list, changes)
            .await
            .expect_error(400, "invalid-request");
    }
    assert_eq!(app.list(&list).await, before);
}

/// Rows 12 and 13 of docs/MIGRATING.md.
#[tokio::test]
async fn an_archived_list_comes_back_empty_by_any_change() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1", "A-2", "A-3"]).await;
    app.take(&list, "u-1").await;
    app.archive(&list).await;

    let updated = patch(&app, &list, json!({"name": "Back again"}))
        .await
        .expect(200);
    assert_eq!(updated["status"], "ACTIVE");
    assert_eq!(app.counts(&list).await, (1, 0));
    let answer = app.allocate(&list, &json!({"user_id": "u-2"})).await;
    answer.expect_error(409, "coupons-exhausted");
}

/// Rows 12 and 13 of docs/MIGRATING.md.
#[tokio::test]
async fn an_expired_list_comes_back_only_with_a_new_date() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1", "A-2"]).await;
    app.expire(&list).await;
    app.jobs_done().await;

    let before = app.list(&list).await;
    patch(&app, &list, json!({"name": "Still over"}))
        .await
        .expect_error(400, "invalid-request");
    assert_eq!(app.list(&list).await, before);

    let updated = patch(&app, &list, json!({"expires_at": "2099-01-01"}))
        .await
        .expect(200);
    assert_eq!(updated["status"], "ACTIVE");
    assert_eq!(app.counts(&list).await, (0, 0));
}

/// Rows 19 and 20 of docs/MIGRATING.md.
#[tokio::test]
async fn an_alert_without_its_number_is_refused_by_its_name() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let changes = json!({"alert_conditions": {"coupon_shortage_alert": {"alert": true}}});
    let message = patch(&app, &list, changes)
        .await
        .expect_error(400, "missing-mandatory-attributes");
    assert!(message.contains("threshold_count"), "{message}");
    assert!(message.starts_with("Missing mandatory key '"), "{message}");
}

#[tokio::test]
async fn two_updates_at_once_lose_nothing() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    for round in 1..=10 {
        let name = json!({"name": format!("Round {round}")});
        let days = json!({"alert_conditions": {"expiry_alert": {"days_before": round}}});
        let (one, other) = join(patch(&app, &list, name.clone()), patch(&app, &list, days)).await;
        one.expect(200);
        other.expect(200);
        let read = app.list(&list).await;
        assert_eq!(read["name"], name["name"]);
        assert_eq!(read["alert_conditions"]["expiry_alert"]["days_before"], round);
    }
}

#[tokio::test]
async fn an_unknown_list_cannot_be_updated() {
    let app = TestApp::start().await;
    patch(&app, texts::UNKNOWN_ID, json!({"name": "Nobody"}))
        .await
        .expect_error(404, "coupon-list-not-found");
}
