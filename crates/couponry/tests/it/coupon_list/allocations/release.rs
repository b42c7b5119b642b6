//! `POST /v1/coupon-list/{coupon_list_id}/allocations/{allocation_id}/release`, and `…/allocations/release` for many

use serde_json::{Value, json};

use crate::app::{TestApp, codes, codes_of, ids, sorted, text, with};

#[tokio::test]
async fn a_code_that_was_given_back_goes_to_a_new_key_before_fresh_ones() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 5)).await;
    let (held, given) = (app.hold(&list, "u").await, app.give(&list, "v").await);
    let mut nexts = Vec::new();
    for (n, allocation) in [given, held].iter().enumerate() {
        let released = app.release(&list, allocation).await.expect(200);
        let expected = with(
            allocation.clone(),
            json!({"status": "RELEASED", "held_until": null}),
        );
        assert_eq!(released, expected);

        let next = app.give(&list, &format!("next-{n}")).await;
        assert_eq!(next["coupon_code"], allocation["coupon_code"]);
        assert_ne!(next["_id"], allocation["_id"]);
        assert!(text(&next["allocated_at"]) >= text(&allocation["allocated_at"]));
        nexts.push(next);
    }
    for next in &nexts {
        app.release(&list, next).await.expect(200);
    }
    assert_eq!(app.stock(&list).await, [5, 5, 0, 0, 0, 0]);
    // The one that came back first goes out first.
    for (n, next) in nexts.iter().enumerate() {
        assert_eq!(
            app.take(&list, &format!("last-{n}")).await,
            text(&next["coupon_code"])
        );
    }
}

#[tokio::test]
async fn the_key_that_gave_its_code_back_gets_no_other() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 5)).await;
    let body = json!({"user_id": "u", "request_id": "r-1"});
    let given = app.allocate(&list, &body).await.expect(201);
    app.release(&list, &given).await.expect(200);
    let answer = app.allocate(&list, &body).await;
    answer.expect_error(409, "allocation-released");
    assert!(!answer.text.contains(text(&given["coupon_code"])));
    let batch = app
        .allocate_batch(&list, &json!({"recipients": [body]}))
        .await
        .expect(200);
    assert_eq!(batch["data"][0]["error"]["code"], "allocation-released");
    // Another try is a new request.
    let again = with(body.clone(), json!({"request_id": "r-2"}));
    let again = app.allocate(&list, &again).await.expect(201);
    assert_eq!(again["coupon_code"], given["coupon_code"]);
    app.allocate(&list, &body)
        .await
        .expect_error(409, "allocation-released");
    assert_eq!(app.stock(&list).await, [5, 4, 0, 1, 0, 0]);
}

#[tokio::test]
async fn a_second_release_changes_nothing_even_if_the_code_went_on() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1"]).await;
    let first = app.give(&list, "first").await;
    let released = app.release(&list, &first).await;
    released.expect(200);
    assert_eq!(app.release(&list, &first).await.text, released.text);
    assert_eq!(app.stock(&list).await, [1, 1, 0, 0, 0, 0]);

    let second = app.give(&list, "second").await;
    assert_eq!(app.release(&list, &first).await.text, released.text);
    assert_eq!(
        app.allocate(&list, &json!({"user_id": "second"}))
            .await
            .expect(200),
        second
    );
    let history = ["ADDED", "ALLOCATED", "RELEASED", "ALLOCATED"];
    assert_eq!(app.history(&list, "A-1").await, history);
}

#[tokio::test]
async fn what_was_redeemed_or_disabled_stays() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 2)).await;
    let (redeemed, disabled) = (app.give(&list, "u").await, app.give(&list, "v").await);
    app.redeem(&list, text(&redeemed["coupon_code"]), &json!({}))
        .await
        .expect(200);
    app.disable(&list, text(&disabled["coupon_code"]))
        .await
        .expect(200);
    app.release(&list, &redeemed)
        .await
        .expect_error(409, "already-redeemed");
    app.release(&list, &disabled)
        .await
        .expect_error(409, "coupon-code-disabled");
    assert_eq!(app.stock(&list).await, [2, 0, 0, 1, 1, 0]);
}

#[tokio::test]
async fn a_hold_that_ran_out_is_released_by_itself_and_its_history_says_when() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1"]).await;
    let held = app.hold(&list, "u").await;
    assert_eq!(app.code_status(&list, "A-1").await, "HELD");
    app.database.let_holds_run_out().await;

    let seen = ["ADDED", "ALLOCATED", "RELEASED"];
    assert_eq!(app.history(&list, "A-1").await, seen);
    let passport = app.passport(&list, "A-1").await.expect(200);
    assert_eq!(
        (&passport["status"], &passport["allocation"]),
        (&json!("AVAILABLE"), &Value::Null)
    );
    assert_eq!(app.stock(&list).await, [1, 1, 0, 0, 0, 0]);
    let listed = app.allocations(&list, "").await;
    assert_eq!(listed["data"][0]["status"], "RELEASED");

    // Looking has booked nothing twice: releasing it once more changes nothing, and the next one gets it.
    let released = app.release(&list, &held).await.expect(200);
    assert_eq!(
        (&released["status"], &released["held_until"]),
        (&json!("RELEASED"), &Value::Null)
    );
    assert_eq!(
        app.passport(&list, "A-1").await.expect(200)["history"],
        passport["history"]
    );
    assert_eq!(app.take(&list, "v").await, "A-1");
    assert_eq!(
        app.history(&list, "A-1").await,
        [&seen[..], &["ALLOCATED"]].concat()
    );
}

#[tokio::test]
async fn what_comes_back_to_a_file_or_list_that_is_gone_is_gone_too() {
    let app = TestApp::start().await;
    let (archived, deleted) = (app.create_list().await, app.create_list().await);
    app.load_codes(&archived, &codes("A", 4)).await;
    let file = app.load_codes(&deleted, &codes("A", 4)).await;
    let mut given = Vec::new();
    for list in [&archived, &deleted] {
        given.push([
            app.hold(list, "held").await,
            app.give(list, "given").await,
            app.hold(list, "runs out").await,
        ]);
    }
    app.archive(&archived).await;
    app.delete_file(&deleted, &file).await;
    for (list, [held, allocated, _]) in [&archived, &deleted].into_iter().zip(&given) {
        assert_eq!(app.stock(list).await, [3, 0, 2, 1, 0, 0]);
        app.release(list, held).await.expect(200);
        assert_eq!(app.stock(list).await, [2, 0, 1, 1, 0, 0]);
        app.release(list, allocated).await.expect(200);
        assert_eq!(app.stock(list).await, [1, 0, 1, 0, 0, 0]);
    }
    app.database.let_holds_run_out().await;
    for (list, given) in [&archived, &deleted].into_iter().zip(&given) {
        assert_eq!(app.stock(list).await, [0; 6]);
        app.release(list, &given[2]).await.expect(200);
        app.jobs_done().await;
        assert_eq!(app.stock(list).await, [0; 6]);
        for gone in given {
            app.passport(list, text(&gone["coupon_code"]))
                .await
                .expect_error(404, "not-found");
        }
    }
    app.activate(&archived).await;
    for list in [&archived, &deleted] {
        app.allocate(list, &json!({"user_id": "new"}))
            .await
            .expect_error(409, "coupons-exhausted");
    }
}

#[tokio::test]
async fn of_many_each_is_released_or_refused_for_itself() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 6)).await;
    let held = app.hold(&list, "held").await;
    let mut given = Vec::new();
    for user in ["given", "redeemed", "disabled"] {
        given.push(app.give(&list, user).await);
    }
    app.redeem(&list, text(&given[1]["coupon_code"]), &json!({}))
        .await
        .expect(200);
    app.disable(&list, text(&given[2]["coupon_code"]))
        .await
        .expect(200);
    let mut asked = ids(&given);
    asked.extend(ids(&[held.clone(), given[0].clone()]));
    asked.push("nonsense".to_owned());

    for _ in 0..2 {
        let answer = app.settle_many(&list, "release", &asked).await.expect(200);
        assert_eq!((&answer["done"], &answer["failed"]), (&json!(3), &json!(3)));
        let items = answer["data"].as_array().unwrap();
        let told: Vec<&Value> = items
            .iter()
            .map(|item| item.get("status").unwrap_or(&item["error"]["code"]))
            .collect();
        assert_eq!(
            told,
            [
                "RELEASED",
                "already-redeemed",
                "coupon-code-disabled",
                "RELEASED",
                "RELEASED",
                "not-found"
            ]
        );
        assert_eq!(ids(items), asked);
    }
    assert_eq!(app.stock(&list).await, [6, 4, 0, 1, 1, 0]);
}

#[tokio::test]
async fn a_batch_takes_what_was_given_back_and_then_fresh_ones() {
    let app = TestApp::start().await;
    let all = codes("A", 10);
    let list = app.list_with(&all).await;
    let recipients: Vec<Value> = (0..4).map(|n| json!({"user_id": format!("u-{n}")})).collect();
    let held = json!({"recipients": recipients, "hold_seconds": 60});
    let held = app.allocate_batch(&list, &held).await.expect(200);
    let asked = ids(held["data"].as_array().unwrap());
    app.settle_many(&list, "release", &asked).await.expect(200);
    let taken = app.take_many(&list, "v", 4).await;
    assert_eq!(sorted(&taken), sorted(codes_of(&held)));
    let rest = app.take_many(&list, "w", 6).await;
    assert_eq!(sorted([taken, rest].concat()), all);
}
