//! `POST /v1/coupon-list/{coupon_list_id}/codes/{code}/disable`

use serde_json::{Value, json};

use crate::app::{TestApp, codes, sorted, text, without};

#[tokio::test]
async fn a_disabled_code_never_goes_out() {
    let app = TestApp::start().await;
    let all = codes("A", 10);
    let list = app.list_with(&all).await;
    for (n, code) in all.iter().enumerate().filter(|(n, _)| n % 3 == 0) {
        let disabled = app.disable(&list, code).await.expect(200);
        assert_eq!(
            (&disabled["status"], &disabled["allocation"]),
            (&json!("DISABLED"), &Value::Null)
        );
        let gone = i64::try_from(n / 3 + 1).unwrap();
        assert_eq!(app.stock(&list).await, [10, 10 - gone, 0, 0, gone, 0]);
    }
    let mut taken = app.take_many(&list, "u", 4).await;
    assert_eq!(app.stock(&list).await, [10, 2, 0, 4, 4, 0]);
    for user in ["v", "w"] {
        taken.push(app.take(&list, user).await);
    }
    assert_eq!(app.stock(&list).await, [10, 0, 0, 6, 4, 0]);
    let left: Vec<&String> = all
        .iter()
        .enumerate()
        .filter(|(n, _)| n % 3 != 0)
        .map(|(_, code)| code)
        .collect();
    assert_eq!(sorted(taken), sorted(left));
    app.allocate(&list, &json!({"user_id": "x"}))
        .await
        .expect_error(409, "coupons-exhausted");
    assert_eq!(app.counts(&list).await, (10, 0));
}

#[tokio::test]
async fn a_second_time_changes_nothing() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 2)).await;
    let code = app.take(&list, "u").await;
    for code in codes("A", 2) {
        let first = app.disable(&list, &code).await;
        first.expect(200);
        assert_eq!(app.disable(&list, &code).await.text, first.text);
    }
    assert_eq!(
        app.history(&list, &code).await,
        ["ADDED", "ALLOCATED", "DISABLED"]
    );
    assert_eq!(app.stock(&list).await, [2, 0, 0, 0, 2, 0]);
}

#[tokio::test]
async fn whoever_has_a_disabled_code_is_told_as_if_it_had_been_given_back() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 4)).await;
    let (given, held) = (app.give(&list, "given").await, app.hold(&list, "held").await);
    for allocation in [&given, &held] {
        let code = text(&allocation["coupon_code"]);
        app.disable(&list, code).await.expect(200);
        let body = json!({"user_id": allocation["user_id"]});
        app.allocate(&list, &body)
            .await
            .expect_error(409, "allocation-released");
        let listed = app
            .allocations(&list, &format!("user_id={}", text(&allocation["user_id"])))
            .await;
        let listed = &listed["data"][0];
        assert_eq!(listed["status"], "RELEASED");
        assert_eq!(listed["held_until"], Value::Null);
        let same = |one: &Value| without(without(one.clone(), "status"), "held_until");
        assert_eq!(same(listed), same(allocation));
        assert_eq!(
            app.passport(&list, code).await.expect(200)["allocation"],
            Value::Null
        );
    }
    assert_eq!(app.stock(&list).await, [4, 2, 0, 0, 2, 0]);
    app.database.let_holds_run_out().await;
    assert_eq!(app.stock(&list).await, [4, 2, 0, 0, 2, 0]);
    app.take_many(&list, "u", 2).await;
    app.allocate(&list, &json!({"user_id": "one more"}))
        .await
        .expect_error(409, "coupons-exhausted");
}

#[tokio::test]
async fn a_code_that_was_given_back_can_be_disabled() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 4)).await;
    let (back, ran_out) = (app.give(&list, "u").await, app.hold(&list, "v").await);
    app.release(&list, &back).await.expect(200);
    app.database.let_holds_run_out().await;
    assert_eq!(app.stock(&list).await, [4, 4, 0, 0, 0, 0]);
    for (n, allocation) in (1..).zip([&back, &ran_out]) {
        app.disable(&list, text(&allocation["coupon_code"]))
            .await
            .expect(200);
        assert_eq!(app.stock(&list).await, [4, 4 - n, 0, 0, n, 0]);
        app.release(&list, allocation).await.expect(200);
    }
    let disabled = [&back, &ran_out].map(|one| text(&one["coupon_code"]).to_owned());
    let taken = app.take_many(&list, "w", 2).await;
    assert!(taken.iter().all(|code| !disabled.contains(code)), "{taken:?}");
    assert_eq!(app.stock(&list).await, [4, 0, 0, 2, 2, 0]);
}

#[tokio::test]
async fn a_redeemed_code_is_no_longer_to_be_disabled() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 2)).await;
    let code = app.take(&list, "u").await;
    app.redeem(&list, &code, &json!({})).await.expect(200);
    app.disable(&list, &code)
        .await
        .expect_error(409, "already-redeemed");
    assert_eq!(app.code_status(&list, &code).await, "REDEEMED");
    assert_eq!(app.stock(&list).await, [2, 1, 0, 1, 0, 0]);
}

#[tokio::test]
async fn all_or_nothing_does_not_count_on_disabled_codes() {
    let app = TestApp::start().await;
    let all = codes("A", 6);
    let list = app.list_with(&all).await;
    for code in &all[..2] {
        app.disable(&list, code).await.expect(200);
    }
    let body = |number: usize| {
        let recipients: Vec<Value> = (0..number)
            .map(|n| json!({"user_id": format!("u-{n}")}))
            .collect();
        json!({"recipients": recipients, "on_shortage": "reject"})
    };
    app.allocate_batch(&list, &body(5))
        .await
        .expect_error(409, "coupons-exhausted");
    assert_eq!(app.stock(&list).await, [6, 4, 0, 0, 2, 0]);
    let batch = app.allocate_batch(&list, &body(4)).await.expect(200);
    assert_eq!(batch["allocated"], 4);
}

#[tokio::test]
async fn what_somebody_has_of_a_deleted_file_or_an_archived_list_can_be_disabled() {
    let app = TestApp::start().await;
    let (deleted, archived) = (app.create_list().await, app.list_with(&codes("A", 3)).await);
    let file = app.load_codes(&deleted, &codes("A", 3)).await;
    let mut taken = Vec::new();
    for list in [&deleted, &archived] {
        taken.push(app.give(list, "u").await);
    }
    app.delete_file(&deleted, &file).await;
    app.archive(&archived).await;
    app.jobs_done().await;
    for (list, given) in [&deleted, &archived].into_iter().zip(&taken) {
        let code = text(&given["coupon_code"]);
        for _ in 0..2 {
            assert_eq!(app.disable(list, code).await.expect(200)["status"], "DISABLED");
            app.stock(list).await;
        }
        app.redeem(list, code, &json!({}))
            .await
            .expect_error(409, "not-redeemable");
        app.release(list, given)
            .await
            .expect_error(409, "coupon-code-disabled");
        app.allocate(list, &json!({"user_id": "u"}))
            .await
            .expect_error(409, "allocation-released");
    }
}

#[tokio::test]
async fn what_nobody_has_is_gone_with_the_list_also_before_housekeeping_comes() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 4)).await;
    let (given, back) = (app.give(&list, "u").await, app.give(&list, "v").await);
    app.release(&list, &back).await.expect(200);
    let exported = app.get(&format!("/coupon-list/{list}/codes/export")).await.text;
    app.database.let_list_expire(&list).await;
    let free: Vec<&str> = exported.lines().skip(1).collect();
    assert_eq!(free.len(), 3, "{exported}");
    for row in free {
        let code = row.strip_suffix(",AVAILABLE").unwrap();
        app.disable(&list, code).await.expect_error(404, "not-found");
    }
    app.disable(&list, text(&given["coupon_code"])).await.expect(200);
}
