//! Holds that run out, codes that come back and codes that are redeemed, all at once.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::{join, join_all};
use serde_json::json;

use crate::app::{Client, TestApp, assert_all_different, codes, text};

#[tokio::test]
async fn a_hold_is_confirmed_or_runs_out_and_never_both() {
    let app = TestApp::start().await;
    let other = app.another_server().await;
    let list = app.list_with(&codes("A", 40)).await;
    let held = join_all((0..40).map(async |n| app.hold(&list, &format!("u-{n}")).await)).await;
    let confirm = join_all(held.iter().enumerate().map(async |(n, held)| {
        let server: &Client = if n % 2 == 0 { &app } else { &other };
        server.confirm(&list, held).await
    }));
    let takers = join_all((0..40).map(async |n| {
        let answer = app.allocate(&list, &json!({"user_id": format!("v-{n}")})).await;
        (answer.status == 201).then(|| text(&answer.expect(201)["coupon_code"]).to_owned())
    }));
    let run_out = app.database.let_holds_run_out();
    let (confirmed, (taken, ())) = join(confirm, join(takers, run_out)).await;
    let mut out: Vec<String> = taken.into_iter().flatten().collect();
    for (held, answer) in held.iter().zip(&confirmed) {
        if answer.status == 200 {
            assert_eq!(answer.expect(200)["status"], "ALLOCATED");
            out.push(text(&held["coupon_code"]).to_owned());
        } else {
            answer.expect_error(409, "allocation-released");
        }
    }
    assert_all_different(&out);
    let out = i64::try_from(out.len()).unwrap();
    assert_eq!(app.stock(&list).await, [40, 40 - out, 0, out, 0, 0]);
}

#[tokio::test]
async fn codes_that_come_back_go_to_one_at_a_time() {
    let app = TestApp::start().await;
    let other = app.another_server().await;
    let list = app.list_with(&codes("A", 8)).await;
    let over = AtomicBool::new(false);
    // Twice as many as there are codes, each taking and giving back in turn.
    let clients = async {
        join_all((0..16).map(async |n| {
            let server: &Client = if n % 2 == 0 { &app } else { &other };
            let mut turns = 0;
            for m in 0..6 {
                let mut body = json!({"user_id": format!("u-{n}-{m}")});
                if m % 2 == 0 {
                    body["hold_seconds"] = json!(600);
                }
                let answer = server.allocate(&list, &body).await;
                if answer.status != 201 {
                    answer.expect_error(409, "coupons-exhausted");
                    continue;
                }
                let got = answer.expect(201);
                let passport = app.passport(&list, text(&got["coupon_code"])).await.expect(200);
                assert_eq!(
                    passport["allocation"]["_id"], got["_id"],
                    "somebody else has it as well"
                );
                // Both at once: the second release is a repeat.
                let (one, two) = join(app.release(&list, &got), other.release(&list, &got)).await;
                assert_eq!(one.expect(200), two.expect(200));
                turns += 1;
            }
            turns
        }))
        .await
        .into_iter()
        .sum::<usize>()
    };
    let clients = async {
        let turns = clients.await;
        over.store(true, Ordering::Relaxed);
        turns
    };
    let auditor = async {
        while !over.load(Ordering::Relaxed) {
            assert_eq!(other.stock(&list).await[0], 8);
        }
    };
    let (turns, ()) = join(clients, auditor).await;
    assert!(turns >= 8, "{turns}");
    assert_eq!(app.stock(&list).await, [8, 8, 0, 0, 0, 0]);
    let listed = app.allocations(&list, "limit=1000").await;
    assert_eq!(listed["data"].as_array().unwrap().len(), turns);
}

#[tokio::test]
async fn of_twenty_redemptions_at_once_one_counts() {
    let app = TestApp::start().await;
    let other = app.another_server().await;
    let list = app.list_with(&codes("A", 5)).await;
    for round in 0..3 {
        let code = app.take(&list, &format!("u-{round}")).await;
        let answers = join_all((0..20).map(async |n| {
            let server: &Client = if n % 2 == 0 { &app } else { &other };
            server.redeem(&list, &code, &json!({})).await
        }))
        .await;
        let redeemed = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(redeemed, 1);
        for answer in answers.iter().filter(|answer| answer.status != 200) {
            answer.expect_error(409, "already-redeemed");
        }
        assert_eq!(
            app.history(&list, &code).await,
            ["ADDED", "ALLOCATED", "REDEEMED"]
        );
    }
}

#[tokio::test]
async fn a_code_is_redeemed_released_or_disabled_and_only_one_of_them() {
    let app = TestApp::start().await;
    let other = app.another_server().await;
    let list = app.list_with(&codes("A", 15)).await;
    let mut left = [0; 2];
    for round in 0..15 {
        let given = app.give(&list, &format!("u-{round}")).await;
        let code = text(&given["coupon_code"]);
        let body = json!({});
        let redeem = other.redeem(&list, code, &body);
        let release = app.release(&list, &given);
        let disable = other.disable(&list, code);
        let (redeemed, (released, disabled)) = join(redeem, join(release, disable)).await;
        for answer in [&redeemed, &released, &disabled] {
            assert!(matches!(answer.status, 200 | 409), "{}", answer.text);
        }
        // A code that was given back can still be disabled; what was redeemed or disabled stays.
        let what = (
            redeemed.status == 200,
            released.status == 200,
            disabled.status == 200,
        );
        match what {
            (true, false, false) => left[0] += 1,
            (false, _, true) => left[1] += 1,
            _ => panic!("{what:?}"),
        }
        let status = app.code_status(&list, code).await;
        assert_eq!(status, if what.0 { "REDEEMED" } else { "DISABLED" });
    }
    assert_eq!(app.stock(&list).await, [15, 0, 0, left[0], left[1], 0]);
}
