//! `POST /v1/coupon-list/{coupon_list_id}/allocations/batch`

use serde_json::{Value, json};

use crate::app::{TestApp, assert_all_different, codes, codes_of, shape, sorted, text, texts};

fn recipients(prefix: &str, number: usize) -> Vec<Value> {
    (0..number)
        .map(|n| json!({"user_id": format!("{prefix}-{n}")}))
        .collect()
}

#[track_caller]
fn assert_numbers(batch: &Value, allocated: u64, repeated: u64, failed: u64) {
    let numbers = json!([batch["allocated"], batch["repeated"], batch["failed"]]);
    assert_eq!(numbers, json!([allocated, repeated, failed]));
    let items = u64::try_from(batch["data"].as_array().unwrap().len()).unwrap();
    assert_eq!(items, allocated + repeated + failed);
}

#[tokio::test]
async fn each_recipient_gets_an_item_in_order() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 100)).await;
    let answer = app
        .allocate_batch(&list, &json!({"recipients": recipients("u", 60)}))
        .await;
    let batch = answer.expect(200);
    assert_numbers(&batch, 60, 0, 0);
    for (n, item) in batch["data"].as_array().unwrap().iter().enumerate() {
        assert_eq!(item["user_id"], format!("u-{n}"));
        assert_eq!(item["status"], "ALLOCATED");
        assert_eq!(item["coupon_list_id"], list);
    }
    let items = vec![texts::ALLOCATION_SHAPE; 60].join(",");
    assert_eq!(
        shape(&answer.text),
        format!("{{data[{items}],allocated,repeated,failed}}")
    );
    assert_all_different(codes_of(&batch));
    assert_eq!(app.counts(&list).await, (100, 40));
}

#[tokio::test]
async fn a_repeated_batch_gets_the_same_items() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 100)).await;
    let body = json!({"recipients": recipients("u", 30), "campaign": {"id": "c"}, "hold_seconds": 600});
    let first = app.allocate_batch(&list, &body).await.expect(200);
    let repeat = app.allocate_batch(&list, &body).await.expect(200);
    assert_numbers(&repeat, 0, 30, 0);
    assert_eq!(repeat["data"], first["data"]);

    let more = json!({"recipients": recipients("u", 40), "campaign": {"id": "c"}});
    let more = app.allocate_batch(&list, &more).await.expect(200);
    assert_numbers(&more, 10, 30, 0);
    assert_eq!(app.counts(&list).await, (100, 60));
}

#[tokio::test]
async fn a_key_that_comes_twice_in_one_batch_is_a_repeat() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 100)).await;
    let body = json!({"recipients": [
        {"user_id": "u"}, {"user_id": "v", "request_id": "r"}, {"user_id": "u"}, {"user_id": "v", "request_id": "r"},
    ]});
    let batch = app.allocate_batch(&list, &body).await.expect(200);
    assert_numbers(&batch, 2, 2, 0);
    assert_eq!(batch["data"][0], batch["data"][2]);
    assert_eq!(batch["data"][1], batch["data"][3]);
    assert_eq!(app.counts(&list).await, (100, 98));
}

#[tokio::test]
async fn campaign_and_hold_are_those_of_every_recipient() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 10)).await;
    let body = json!({
        "recipients": [{"user_id": "u"}, {"user_id": "v", "request_id": "r"}],
        "campaign": {"id": "c-12", "name": "Spring"}, "hold_seconds": 600,
    });
    let batch = app.allocate_batch(&list, &body).await.expect(200);
    for item in batch["data"].as_array().unwrap() {
        assert_eq!(item["campaign_id"], "c-12");
        assert_eq!(item["status"], "HELD");
        assert_ne!(item["held_until"], Value::Null);
    }
    assert_eq!(batch["data"][1]["request_id"], "r");
}

#[tokio::test]
async fn a_batch_and_a_single_request_have_the_same_keys() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 10)).await;
    let single = json!({"user_id": "u", "campaign": {"id": "c"}});
    let first = app.allocate(&list, &single).await.expect(201);
    let body = json!({"recipients": recipients("v", 1), "campaign": {"id": "c"}});
    let batch = app.allocate_batch(&list, &body).await.expect(200);
    let body = json!({"recipients": [{"user_id": "u"}, {"user_id": "v-0"}], "campaign": {"id": "c"}});
    let both = app.allocate_batch(&list, &body).await.expect(200);
    assert_numbers(&both, 0, 2, 0);
    assert_eq!(both["data"], json!([first, batch["data"][0]]));
    let single = json!({"user_id": "v-0", "campaign": {"id": "c"}});
    assert_eq!(app.allocate(&list, &single).await.expect(200), batch["data"][0]);
}

#[tokio::test]
async fn when_codes_run_short_some_go_out_and_the_rest_is_told() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 7)).await;
    for on_shortage in [json!({}), json!({"on_shortage": "partial"})] {
        let body = crate::app::with(json!({"recipients": recipients("u", 10)}), on_shortage);
        let batch = app.allocate_batch(&list, &body).await.expect(200);
        let failed: Vec<&Value> = batch["data"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|item| item.get("error").is_some())
            .collect();
        assert_eq!(failed.len(), 3);
        for item in failed {
            assert_eq!(item["error"]["code"], "coupons-exhausted");
            assert!(item["user_id"].is_string());
            assert_eq!(item.get("coupon_code"), None);
        }
        assert_eq!(sorted(codes_of(&batch)), codes("A", 7));
    }
    assert_eq!(app.counts(&list).await, (7, 0));
}

#[tokio::test]
async fn all_or_nothing_takes_nothing_when_one_code_is_short() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 7)).await;
    let body = |number| json!({"recipients": recipients("u", number), "on_shortage": "reject"});
    app.allocate_batch(&list, &body(8))
        .await
        .expect_error(409, "coupons-exhausted");
    assert_eq!(app.counts(&list).await, (7, 7));

    assert_numbers(&app.allocate_batch(&list, &body(5)).await.expect(200), 5, 0, 0);
    // Five are known and take no code, so the last two suffice.
    assert_numbers(&app.allocate_batch(&list, &body(7)).await.expect(200), 2, 5, 0);
    assert_numbers(&app.allocate_batch(&list, &body(7)).await.expect(200), 0, 7, 0);
}

#[tokio::test]
async fn all_or_nothing_takes_nothing_when_one_key_is_another_users() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 5)).await;
    let taken = json!({"user_id": "u-1", "request_id": "r-1"});
    app.allocate(&list, &taken).await.expect(201);
    let fresh = json!({"user_id": "u-2"});
    let repeat = json!({"user_id": "u-1", "request_id": "r-1"});
    let known = json!({"user_id": "u-3", "request_id": "r-1"});
    let (one, other) = (
        json!({"user_id": "u-4", "request_id": "r-2"}),
        json!({"user_id": "u-5", "request_id": "r-2"}),
    );
    for recipients in [json!([fresh, known]), json!([fresh, one, other])] {
        let body = json!({"recipients": recipients, "on_shortage": "reject"});
        app.allocate_batch(&list, &body)
            .await
            .expect_error(409, "request-conflict");
        assert_eq!(app.counts(&list).await, (5, 4));
    }
    let body = json!({"recipients": [fresh, repeat], "on_shortage": "reject"});
    let served = app.allocate_batch(&list, &body).await.expect(200);
    assert_eq!(
        (&served["allocated"], &served["repeated"]),
        (&json!(1), &json!(1))
    );
}

#[tokio::test]
async fn a_conflict_concerns_its_recipient_alone() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 10)).await;
    app.allocate(&list, &json!({"user_id": "u", "request_id": "r"}))
        .await
        .expect(201);
    let body =
        json!({"recipients": [{"user_id": "v"}, {"user_id": "w", "request_id": "r"}, {"user_id": "x"}]});
    let batch = app.allocate_batch(&list, &body).await.expect(200);
    assert_numbers(&batch, 2, 0, 1);
    assert_eq!(batch["data"][1]["user_id"], "w");
    assert_eq!(batch["data"][1]["error"]["code"], "request-conflict");
    assert!(!text(&batch["data"][1]["error"]["message"]).is_empty());
    assert_eq!(app.counts(&list).await, (10, 7));
}

#[tokio::test]
async fn ten_thousand_recipients_are_served_and_one_more_is_refused() {
    let app = TestApp::start().await;
    let codes = codes("A", 10_001);
    let list = app.list_with(&codes).await;
    let body = json!({"recipients": recipients("u", 10_001)});
    app.allocate_batch(&list, &body)
        .await
        .expect_error(400, "invalid-request");
    assert_eq!(app.counts(&list).await, (10_001, 10_001));

    let body = json!({"recipients": recipients("u", 10_000)});
    let batch = app.allocate_batch(&list, &body).await.expect(200);
    assert_numbers(&batch, 10_000, 0, 0);
    assert_all_different(codes_of(&batch));
    assert_eq!(app.counts(&list).await, (10_001, 1));
}

#[tokio::test]
async fn an_archived_list_answers_the_recipients_it_knows() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 10)).await;
    let known = app.allocate(&list, &json!({"user_id": "u-0"})).await.expect(201);
    app.archive(&list).await;
    let body = json!({"recipients": recipients("u", 2)});
    let batch = app.allocate_batch(&list, &body).await.expect(200);
    assert_numbers(&batch, 0, 1, 1);
    assert_eq!(batch["data"][0], known);
    assert_eq!(batch["data"][1]["error"]["code"], "coupon-list-not-active");
}

#[tokio::test]
async fn an_unknown_list_serves_no_batch() {
    let app = TestApp::start().await;
    let body = json!({"recipients": recipients("u", 2)});
    app.allocate_batch(texts::UNKNOWN_ID, &body)
        .await
        .expect_error(404, "coupon-list-not-found");
}
