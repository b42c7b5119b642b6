//! `/v1/coupon-list/{coupon_list_id}/bulk-actions`

use serde_json::{Value, json};

use crate::app::{TestApp, codes, ids, text, texts, wait_for};

/// The action once it has ended.
async fn ended(app: &TestApp, list: &str, action: &Value) -> Value {
    let path = format!("/coupon-list/{list}/bulk-actions/{}", text(&action["_id"]));
    wait_for("the action to end", async || {
        let action = app.get(&path).await.expect(200);
        (action["status"] != "PENDING").then_some(action)
    })
    .await
}

async fn act(app: &TestApp, list: &str, body: &Value) -> Value {
    let path = format!("/coupon-list/{list}/bulk-actions");
    let action = app.post(&path, body).await.expect(201);
    ended(app, list, &action).await
}

async fn statuses(app: &TestApp, list: &str) -> Vec<Value> {
    let page = app.allocations(list, "limit=1000").await;
    let data = page["data"].as_array().unwrap().clone();
    data.into_iter().map(|one| one["status"].clone()).collect()
}

async fn of_campaign(app: &TestApp, list: &str, user: &str, campaign: &str) -> Value {
    let body = json!({"user_id": user, "campaign_id": campaign});
    app.allocate(list, &body).await.expect(201)
}

#[tokio::test]
async fn all_of_a_campaign_are_given_back_and_nothing_else_is() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 2_500)).await;
    let recipients: Vec<Value> = (0..1_100).map(|n| json!({"user_id": format!("u-{n}")})).collect();
    let body = json!({"recipients": recipients, "campaign": {"id": "spring"}});
    app.allocate_batch(&list, &body).await.expect(200);
    let other = of_campaign(&app, &list, "u-1", "autumn").await;
    let redeemed = of_campaign(&app, &list, "redeemer", "spring").await;
    let code = text(&redeemed["coupon_code"]);
    app.post(&format!("/coupon-list/{list}/codes/{code}/redeem"), &json!({}))
        .await
        .expect(200);
    let action = act(
        &app,
        &list,
        &json!({"action": "release", "campaign_id": "spring"}),
    )
    .await;
    assert_eq!(action["status"], "DONE", "{action}");
    assert_eq!(
        (&action["matched"], &action["changed"]),
        (&json!(1_101), &json!(1_100))
    );
    assert_eq!(action["filter"]["campaign_id"], "spring");
    assert_eq!(action["reason"], Value::Null);
    let mut counted = std::collections::BTreeMap::new();
    for status in statuses(&app, &list).await {
        *counted.entry(text(&status).to_owned()).or_insert(0) += 1;
    }
    // Of more than a thousand the first page says so much.
    assert_eq!(counted.get("RELEASED"), Some(&1_000));
    let found = app.allocations(&list, "status=ALLOCATED").await;
    assert_eq!(ids(found["data"].as_array().unwrap()), ids(&[other]));
    assert_eq!(app.counts(&list).await, (2_500, 2_498));
    // Again: they are given back already.
    let again = act(
        &app,
        &list,
        &json!({"action": "release", "campaign_id": "spring"}),
    )
    .await;
    assert_eq!((&again["matched"], &again["changed"]), (&json!(1_101), &json!(0)));
}

#[tokio::test]
async fn holds_are_confirmed_and_what_was_handed_out_for_good_stays_as_it_is() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 10)).await;
    let held = app.hold(&list, "held").await;
    app.give(&list, "given").await;
    let action = act(&app, &list, &json!({"action": "confirm", "status": "HELD"})).await;
    assert_eq!((&action["matched"], &action["changed"]), (&json!(1), &json!(1)));
    assert_eq!(statuses(&app, &list).await, ["ALLOCATED", "ALLOCATED"]);
    let found = app.allocations(&list, "user_id=held").await;
    assert_eq!(found["data"][0]["_id"], held["_id"]);
    assert_eq!(found["data"][0]["held_until"], Value::Null);
}

#[tokio::test]
async fn disabled_codes_of_a_file_never_go_out_again_and_those_nobody_had_do() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 4)).await;
    let good = app.load_codes(&list, &codes("B", 4)).await;
    let bad = app.get(&format!("/coupon-list/{list}/files")).await.expect(200);
    let bad = bad["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| text(&file["_id"]));
    let bad = bad.into_iter().find(|file| *file != good).unwrap().to_owned();
    let first = app.take_many(&list, "first", 2).await;
    let body = json!({"action": "disable", "file_id": bad});
    let action = act(&app, &list, &body).await;
    assert_eq!((&action["matched"], &action["changed"]), (&json!(2), &json!(2)));
    for code in &first {
        let passport = app
            .get(&format!("/coupon-list/{list}/codes/{code}"))
            .await
            .expect(200);
        assert_eq!(passport["status"], "DISABLED", "{code}");
    }
    let rest = app.take_many(&list, "rest", 6).await;
    assert!(rest.iter().all(|code| !first.contains(code)));
}

#[tokio::test]
async fn what_goes_out_after_it_was_asked_for_is_not_touched() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1"]).await;
    app.give(&list, "first").await;
    let action = act(&app, &list, &json!({"action": "release", "status": "ALLOCATED"})).await;
    assert_eq!(action["changed"], 1);
    let given = app.give(&list, "second").await;
    let until = text(&action["filter"]["until"]);
    let found = app
        .allocations(&list, &format!("until={until}&status=ALLOCATED"))
        .await;
    assert_eq!(found["data"], json!([]));
    let found = app.allocations(&list, &format!("from={until}")).await;
    assert_eq!(found["data"], json!([given]));
}

/// The filter is asked before the gate: what it found may have changed by then.
#[tokio::test]
async fn a_hold_that_is_confirmed_while_the_action_waits_is_not_given_back() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1"]).await;
    let held = app.hold(&list, "held").await;
    let mut shop = app.database.connect().await;
    for statement in ["begin", "select 1 from gate for update"] {
        sqlx::query(statement).execute(&mut shop).await.unwrap();
    }
    let path = format!("/coupon-list/{list}/bulk-actions");
    let body = json!({"action": "release", "status": "HELD"});
    let action = app.post(&path, &body).await.expect(201);
    wait_for("the action to wait for the gate", async || {
        (app.database.waiting_for_a_lock().await > 0).then_some(())
    })
    .await;
    let confirm =
        "select confirm(l.list_id, array[l.file_id], array[l.ordinal], array[l.turn]) from ledger l";
    for statement in [confirm, "commit"] {
        sqlx::query(statement).execute(&mut shop).await.unwrap();
    }
    let action = ended(&app, &list, &action).await;
    assert_eq!(
        (&action["status"], &action["changed"]),
        (&json!("DONE"), &json!(0))
    );
    let found = app.allocations(&list, "").await;
    assert_eq!(found["data"][0]["_id"], held["_id"]);
    assert_eq!(found["data"][0]["status"], "ALLOCATED");
}

#[tokio::test]
async fn an_erased_persons_action_ends_and_names_nobody() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 3)).await;
    app.give(&list, "gone").await;
    let path = format!("/coupon-list/{list}/bulk-actions");
    let body = json!({"action": "release", "user_id": "gone"});
    act(&app, &list, &body).await;
    app.allocate(&list, &json!({"user_id": "gone", "request_id": "again"}))
        .await
        .expect(201);
    let held = app.database.hold_gates().await;
    let pending = app.post(&path, &body).await.expect(201);
    app.delete("/users/gone").await.expect_nothing();
    held.release().await;
    let pending = ended(&app, &list, &pending).await;
    assert_eq!(
        (&pending["status"], &pending["changed"]),
        (&json!("FAILED"), &json!(0))
    );
    assert_eq!(pending["reason"], "the person was erased");
    let actions = app.get(&path).await;
    assert!(!actions.text.contains("gone"), "{}", actions.text);
    for action in actions.expect(200)["data"].as_array().unwrap() {
        assert_eq!(action["filter"]["user_id"], Value::Null);
        assert_eq!(action["filter"]["user_erased"], true);
    }
}

#[tokio::test]
async fn what_is_to_be_done_and_to_which_has_to_be_said() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 3)).await;
    let path = format!("/coupon-list/{list}/bulk-actions");
    let bad = async |body: Value, says: &str| {
        let message = app.post(&path, &body).await.expect_error(400, "invalid-request");
        assert!(message.contains(says), "{body}: {message}");
    };
    bad(json!({"action": "release"}), "Say which hand-outs").await;
    bad(
        json!({"action": "redeem", "user_id": "u"}),
        "'action' must be confirm, release or disable",
    )
    .await;
    bad(
        json!({"action": "release", "status": "GONE"}),
        "'status' must be ALLOCATED",
    )
    .await;
    bad(
        json!({"action": "release", "from": "yesterday"}),
        "'from' must be an instant",
    )
    .await;
    bad(json!({"action": "release", "file_id": "x"}), "'file_id' must be").await;
    bad(json!({"action": "release", "user": "u"}), "'user' is no key").await;
    app.post(&path, &json!({"user_id": "u"}))
        .await
        .expect_error(400, "missing-mandatory-attributes");
    let unknown = json!({"action": "release", "file_id": texts::UNKNOWN_ID});
    app.post(&path, &unknown)
        .await
        .expect_error(400, "invalid-request");
    assert_eq!(app.get(&path).await.expect(200), json!({"data": []}));
}
