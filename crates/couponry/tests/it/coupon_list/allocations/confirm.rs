//! `POST /v1/coupon-list/{coupon_list_id}/allocations/{allocation_id}/confirm`, and `…/allocations/confirm` for many

use serde_json::{Value, json};

use crate::app::{TestApp, codes, ids, text, texts, with};

#[tokio::test]
async fn a_confirmed_hold_is_allocated_and_does_not_run_out() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1"]).await;
    let held = app.hold(&list, "u").await;
    assert_eq!(app.stock(&list).await, [1, 0, 1, 0, 0, 0]);

    let confirmed = app.confirm(&list, &held).await.expect(200);
    let expected = with(held.clone(), json!({"status": "ALLOCATED", "held_until": null}));
    assert_eq!(confirmed, expected);
    assert_eq!(app.stock(&list).await, [1, 0, 0, 1, 0, 0]);
    assert_eq!(
        app.history(&list, "A-1").await,
        ["ADDED", "ALLOCATED", "CONFIRMED"]
    );

    // Its time passes, and nothing happens.
    app.database.let_holds_run_out().await;
    let repeat = app.allocate(&list, &json!({"user_id": "u"})).await;
    assert_eq!(repeat.expect(200), confirmed);
    app.allocate(&list, &json!({"user_id": "v"}))
        .await
        .expect_error(409, "coupons-exhausted");
}

#[tokio::test]
async fn a_second_confirmation_changes_nothing() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1"]).await;
    let held = app.hold(&list, "u").await;
    let first = app.confirm(&list, &held).await;
    first.expect(200);
    for _ in 0..2 {
        assert_eq!(app.confirm(&list, &held).await.text, first.text);
    }
    assert_eq!(
        app.history(&list, "A-1").await,
        ["ADDED", "ALLOCATED", "CONFIRMED"]
    );
}

#[tokio::test]
async fn what_was_never_a_hold_needs_no_confirmation() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1"]).await;
    let given = app.give(&list, "u").await;
    assert_eq!(app.confirm(&list, &given).await.expect(200), given);
    app.redeem(&list, "A-1", &json!({})).await.expect(200);
    assert_eq!(app.confirm(&list, &given).await.expect(200)["status"], "REDEEMED");
    assert_eq!(
        app.history(&list, "A-1").await,
        ["ADDED", "ALLOCATED", "REDEEMED"]
    );
}

#[tokio::test]
async fn a_hold_that_ran_out_cannot_be_confirmed_though_nobody_took_its_code() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 2)).await;
    let held = app.hold(&list, "u").await;
    app.database.let_holds_run_out().await;
    for _ in 0..2 {
        app.confirm(&list, &held)
            .await
            .expect_error(409, "allocation-released");
    }
    assert_eq!(app.stock(&list).await, [2, 2, 0, 0, 0, 0]);
}

#[tokio::test]
async fn what_was_given_back_or_disabled_cannot_be_confirmed() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 2)).await;
    let (released, disabled) = (app.hold(&list, "u").await, app.hold(&list, "v").await);
    app.release(&list, &released).await.expect(200);
    app.disable(&list, text(&disabled["coupon_code"]))
        .await
        .expect(200);
    for held in [&released, &disabled] {
        app.confirm(&list, held)
            .await
            .expect_error(409, "allocation-released");
    }
    // Nor when somebody else has the code by now.
    let next = app.hold(&list, "w").await;
    assert_eq!(next["coupon_code"], released["coupon_code"]);
    app.confirm(&list, &released)
        .await
        .expect_error(409, "allocation-released");
    assert_eq!(app.confirm(&list, &next).await.expect(200)["status"], "ALLOCATED");
}

#[tokio::test]
async fn an_archived_list_still_takes_confirmations() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 3)).await;
    let held = app.hold(&list, "u").await;
    app.archive(&list).await;
    assert_eq!(app.confirm(&list, &held).await.expect(200)["status"], "ALLOCATED");
    assert_eq!(app.stock(&list).await, [1, 0, 0, 1, 0, 0]);
}

/// An id of the list with one digit changed, which is signed for another place or not at all.
fn bent(id: &str) -> String {
    let last = if id.ends_with('0') { "1" } else { "0" };
    format!("{}{last}", &id[..id.len() - 1])
}

#[tokio::test]
async fn ids_that_name_nothing_in_the_list_are_not_found() {
    let app = TestApp::start().await;
    let (list, other) = (app.list_with(&["A-1"]).await, app.list_with(&["A-1"]).await);
    let stranger = app.create_workspace(&["--name", "Other"]);
    let held = app.hold(&list, "u").await;
    let others = app.hold(&other, "u").await;
    let changed = json!({"_id": bent(text(&held["_id"]))});
    for what in ["confirm", "release"] {
        for id in ["nonsense", texts::UNKNOWN_ID, "%00", "0"] {
            let answer = app.settle(&list, what, &json!({"_id": id})).await;
            answer.expect_error(404, "not-found");
        }
        for wrong in [&others, &changed] {
            app.settle(&list, what, wrong)
                .await
                .expect_error(404, "not-found");
        }
        for answer in [
            stranger.settle(&list, what, &held).await,
            app.settle(texts::UNKNOWN_ID, what, &held).await,
        ] {
            answer.expect_error(404, "coupon-list-not-found");
        }
    }
    assert_eq!(app.stock(&list).await, [1, 0, 1, 0, 0, 0]);
}

#[tokio::test]
async fn of_many_each_is_confirmed_or_refused_for_itself() {
    let app = TestApp::start().await;
    let (list, other) = (app.list_with(&codes("A", 5)).await, app.list_with(&["B-1"]).await);
    let first = app.hold(&list, "first").await;
    app.database.let_holds_run_out().await;
    let (held, given) = (app.hold(&list, "held").await, app.give(&list, "given").await);
    let others = app.hold(&other, "u").await;
    let [first, held, given, others]: [String; 4] = ids(&[first, held, given, others]).try_into().unwrap();
    let asked = [&held, "nonsense", &others, &first, &given, &bent(&held), &held];
    for _ in 0..2 {
        let answer = app.settle_many(&list, "confirm", &asked).await.expect(200);
        assert_eq!((&answer["done"], &answer["failed"]), (&json!(3), &json!(4)));
        let items = answer["data"].as_array().unwrap();
        let told: Vec<&Value> = items
            .iter()
            .map(|item| item.get("status").unwrap_or(&item["error"]["code"]))
            .collect();
        let lost = "not-found";
        let expected = [
            "ALLOCATED",
            lost,
            lost,
            "allocation-released",
            "ALLOCATED",
            lost,
            "ALLOCATED",
        ];
        assert_eq!(told, expected);
        assert_eq!(ids(items), asked);
        assert_eq!(items[0], items[6]);
    }
    assert_eq!(app.stock(&list).await, [5, 3, 0, 2, 0, 0]);
    assert_eq!(app.stock(&other).await, [1, 0, 1, 0, 0, 0]);
}

#[tokio::test]
async fn more_than_ten_thousand_ids_are_refused_and_nothing_happens() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1"]).await;
    let held = app.hold(&list, "u").await;
    let asked = vec![text(&held["_id"]); 10_001];
    for what in ["confirm", "release"] {
        app.settle_many(&list, what, &asked)
            .await
            .expect_error(400, "invalid-request");
    }
    assert_eq!(app.stock(&list).await, [1, 0, 1, 0, 0, 0]);
}

#[tokio::test]
async fn a_thousand_are_confirmed_and_released_at_once() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 1000)).await;
    let recipients: Vec<Value> = (0..1000).map(|n| json!({"user_id": format!("u-{n}")})).collect();
    let body = json!({"recipients": recipients, "hold_seconds": 600});
    let batch = app.allocate_batch(&list, &body).await.expect(200);
    let asked = ids(batch["data"].as_array().unwrap());
    let confirmed = app.settle_many(&list, "confirm", &asked).await.expect(200);
    assert_eq!(confirmed["done"], 1000);
    assert_eq!(app.stock(&list).await, [1000, 0, 0, 1000, 0, 0]);
    let released = app.settle_many(&list, "release", &asked).await.expect(200);
    assert_eq!(released["done"], 1000);
    assert_eq!(app.stock(&list).await, [1000, 1000, 0, 0, 0, 0]);
}

#[tokio::test]
async fn many_ids_have_to_be_a_list_of_texts() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1"]).await;
    for what in ["confirm", "release"] {
        let path = format!("/coupon-list/{list}/allocations/{what}");
        for bad in [json!([]), json!("id"), json!([1]), json!([null]), json!({"a": 1})] {
            app.post(&path, &json!({"allocation_ids": bad}))
                .await
                .expect_error(400, "invalid-request");
        }
        for none in [json!({}), json!({"allocation_ids": null})] {
            let message = app
                .post(&path, &none)
                .await
                .expect_error(400, "missing-mandatory-attributes");
            assert_eq!(message, texts::missing_key("allocation_ids"));
        }
        let path = format!("/coupon-list/{}/allocations/{what}", texts::UNKNOWN_ID);
        app.post(&path, &json!({"allocation_ids": ["id"]}))
            .await
            .expect_error(404, "coupon-list-not-found");
    }
}
