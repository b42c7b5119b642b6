//! `hold_seconds`: a code that comes back by itself unless it is confirmed.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::app::{TestApp, codes, text, wait_for};

fn instant(value: &Value) -> Timestamp {
    text(value).parse().unwrap()
}

#[tokio::test]
async fn a_held_code_says_until_when() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 3)).await;
    for (seconds, user) in [(600, "short"), (604_800, "longest")] {
        let body = json!({"user_id": user, "hold_seconds": seconds});
        let held = app.allocate(&list, &body).await.expect(201);
        assert_eq!(held["status"], "HELD");
        let held_for = instant(&held["held_until"]).duration_since(instant(&held["allocated_at"]));
        assert_eq!(held_for, SignedDuration::from_secs(seconds));
    }
    assert_eq!(app.counts(&list).await, (3, 1));
}

#[tokio::test]
async fn a_hold_that_ran_out_goes_to_the_next_one_and_not_to_its_first_holder() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1"]).await;
    let first = json!({"user_id": "first", "hold_seconds": 1});
    let held = app.allocate(&list, &first).await.expect(201);
    let second = json!({"user_id": "second"});
    app.allocate(&list, &second)
        .await
        .expect_error(409, "coupons-exhausted");

    let given = wait_for("the hold to run out", async || {
        let answer = app.allocate(&list, &second).await;
        (answer.status != 409).then(|| answer.expect(201))
    })
    .await;
    assert_eq!(given["coupon_code"], "A-1");
    assert_ne!(given["_id"], held["_id"]);
    assert!(instant(&given["allocated_at"]) >= instant(&held["held_until"]));

    let answer = app.allocate(&list, &first).await;
    answer.expect_error(409, "allocation-released");
    assert!(!answer.text.contains("A-1"), "{}", answer.text);
    assert_eq!(app.counts(&list).await, (1, 0));
}

#[tokio::test]
async fn a_hold_that_ran_out_is_available_again() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 2)).await;
    let body = json!({"user_id": "first", "hold_seconds": 1});
    app.allocate(&list, &body).await.expect(201);
    assert_eq!(app.counts(&list).await, (2, 1));
    let released = wait_for("the hold to run out", async || {
        let answer = app.allocate(&list, &body).await;
        (answer.status != 200).then_some(answer)
    })
    .await;
    released.expect_error(409, "allocation-released");
    // The list has room for both, so nobody had to take the code back in passing.
    app.take(&list, "second").await;
    app.take(&list, "third").await;
    assert_eq!(app.counts(&list).await, (2, 0));
}
