//! The documented examples of the eleven endpoints, to the byte where the documentation shows bytes: keys, their order,
//! the forms of timestamps. Only the dates are later ones, and the ids our own.

use serde_json::{Value, json};

use crate::app::{FileHost, Page, TestApp, a_list, csv, shape, sorted, text, texts, with};

const ALERTS: &str = r#"{"success_alert":true,"failure_alert":true,"expiry_alert":{"alert":true,"days_before":1},"coupon_shortage_alert":{"alert":true,"threshold_count":10}}"#;

/// The samples come from a workspace in India.
async fn app_in_india() -> TestApp {
    TestApp::start_with(|environment| {
        environment.insert("COUPONRY_TIME_ZONE".to_owned(), "Asia/Kolkata".to_owned());
    })
    .await
}

fn the_example() -> Value {
    json!({
        "name": "Example Name", "label": "Sample Label", "expires_at": "2099-10-31", "created_by": "John",
        "email_alert_subscribers": ["john.doe@example.com"],
        "alert_conditions": serde_json::from_str::<Value>(ALERTS).unwrap(),
    })
}

fn keys(object: &Value) -> Vec<String> {
    sorted(object.as_object().unwrap().keys())
}

#[tokio::test]
async fn create() {
    let app = app_in_india().await;
    let answer = app.post("/coupon-list", &the_example()).await;
    let id = answer.expect(201)["_id"].clone();
    assert_eq!(
        answer.text,
        format!(
            r#"{{"name":"Example Name","label":"Sample Label","expires_at":"2099-10-31T18:29:00","created_by":"John","email_alert_subscribers":["john.doe@example.com"],"alert_conditions":{ALERTS},"status":"ACTIVE","_id":{id}}}"#
        )
    );
    assert_eq!(shape(&answer.text), texts::created_list_shape());
}

#[tokio::test]
async fn details() {
    let app = app_in_india().await;
    let changes = json!({"name": "signup coupons", "label": "signup_coupons", "expires_at": "2099-10-26", "created_by": "test_user"});
    let list = app.create_list_from(&with(the_example(), changes)).await;
    let answer = app.get(&format!("/coupon-list/{list}")).await;
    let read = answer.expect(200);
    let (created, updated) = (&read["created_at"], &read["updated_at"]);
    assert_eq!(
        answer.text,
        format!(
            r#"{{"name":"signup coupons","label":"signup_coupons","expires_at":"2099-10-26T18:29:00.000Z","status":"ACTIVE","total_coupons":0,"created_at":{created},"updated_at":{updated},"email_alert_subscribers":["john.doe@example.com"],"alert_conditions":{ALERTS},"available_coupons":0,"personalization_snippet":"{{{{Coupons.CouponListName[signup_coupons]}}}}","created_by":"test_user","_id":"{list}"}}"#
        )
    );
    assert_eq!(shape(&answer.text), texts::list_shape());
}

#[tokio::test]
async fn fetch_all_lists() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    app.create_list().await;
    let all = app.get("/coupon-list").await.expect(200);
    assert_eq!(keys(&all), ["data"]);
    let details = app.list(&list).await;
    for item in all["data"].as_array().unwrap() {
        assert_eq!(keys(item), keys(&details));
        assert!(item["email_alert_subscribers"].is_array());
    }
}

#[tokio::test]
async fn update() {
    let app = app_in_india().await;
    let list = app.create_list_from(&the_example()).await;
    let body = json!({"expires_at": "2099-12-25"});
    let updated = app
        .patch(&format!("/coupon-list/{list}"), &body)
        .await
        .expect(200);
    assert_eq!(
        keys(&updated),
        [
            "_id",
            "alert_conditions",
            "available_coupons",
            "created_at",
            "created_by",
            "email_alert_subscribers",
            "expires_at",
            "label",
            "name",
            "status",
            "total_coupons",
            "updated_at",
        ]
    );
    assert_eq!(updated["expires_at"], "2099-12-25T18:29:00.000Z");
    assert!(updated["email_alert_subscribers"].is_array());
}

/// Row 13 of docs/MIGRATING.md.
#[tokio::test]
async fn activate_and_archive() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    app.archive(&list).await;
    app.activate(&list).await;
}

#[tokio::test]
async fn upload() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let url = host.serve("/codes.csv", csv(&["A-1"]));
    let body = json!({"name": "batch 1", "file_url": url, "created_by": "John"});
    let answer = app.post(&format!("/coupon-list/{list}/files"), &body).await;
    let file = answer.expect(201);
    let id = text(&file["_id"]);
    assert_eq!(
        answer.text,
        format!(
            r#"{{"name":"batch 1","file_url":"{url}","created_by":"John","status":"PENDING","coupons_list_id":"{list}","_id":"{id}"}}"#
        )
    );
    assert_eq!(shape(&answer.text), texts::UPLOADED_FILE_SHAPE);
    app.finished(&list, id).await;
}

#[tokio::test]
async fn fetch_a_file_and_all_files() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let (url, gate) = host.serve_at_a_gate("/codes.csv", csv(&["A-1"]));
    let callback_url = host.answer("/told", Page::status(204));
    let body =
        json!({"name": "batch 1", "file_url": url, "created_by": "John", "callback_url": callback_url});
    let id = app.upload_from(&list, &body).await;
    let answer = app.get(&format!("/coupon-list/{list}/files/{id}")).await;
    let file = answer.expect(200);
    let (created, updated) = (&file["created_at"], &file["updated_at"]);
    assert_eq!(
        answer.text,
        format!(
            r#"{{"coupon_list_id":"{list}","name":"batch 1","status":"PENDING","file_url":"{url}","created_by":"John","created_at":{created},"updated_at":{updated},"_id":"{id}","added_coupons":0}}"#
        )
    );
    assert_eq!(shape(&answer.text), texts::FILE_SHAPE);
    for instant in [created, updated] {
        let form: String = text(instant)
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect();
        assert_eq!(form, "0000-00-00T00:00:00.000Z");
    }

    let all = app.get(&format!("/coupon-list/{list}/files")).await.expect(200);
    assert_eq!(keys(&all), ["data"]);
    let mut expected = keys(&file);
    expected.push("callback_url".to_owned());
    assert_eq!(keys(&all["data"][0]), sorted(expected));
    gate.open();
    app.finished(&list, &id).await;
    app.jobs_done().await;
}

#[tokio::test]
async fn delete_a_file() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let file = app.load_codes(&list, &["A-1"]).await;
    app.delete_file(&list, &file).await;
}

#[tokio::test]
async fn a_usage_report() {
    let app = TestApp::start().await;
    let body = with(a_list(), json!({"name": "signup coupons"}));
    let list = app.create_list_from(&body).await;
    let today = app.database.instant_in(0).await[..10].to_owned();
    let body = json!({"start_date": today, "end_date": today, "email_subscribers": ["john.doe@example.com"]});
    let answer = app
        .post(&format!("/coupon-list/{list}/usage-report"), &body)
        .await;
    answer.expect(200);
    assert_eq!(
        answer.text,
        r#"{"message":"The usage report for the signup coupons coupons is being processed and will be sent to email alert subscribers shortly."}"#
    );
    app.forget_mails().await;
}

#[tokio::test]
async fn an_allocation() {
    let app = TestApp::start().await;
    let list = app.list_with(&["BF20-WERT-NBVC"]).await;
    let body = json!({"user_id": "u-81", "request_id": "msg-7f3", "campaign": {"id": "c-12"}});
    let answer = app.allocate(&list, &body).await;
    let allocation = answer.expect(201);
    let (id, at) = (&allocation["_id"], &allocation["allocated_at"]);
    assert_eq!(
        answer.text,
        format!(
            r#"{{"_id":{id},"coupon_list_id":"{list}","coupon_code":"BF20-WERT-NBVC","user_id":"u-81","request_id":"msg-7f3","campaign_id":"c-12","status":"ALLOCATED","allocated_at":{at},"held_until":null}}"#
        )
    );
    assert_eq!(shape(&answer.text), texts::ALLOCATION_SHAPE);
}

/// Row 42 of docs/MIGRATING.md.
#[tokio::test]
async fn the_snippet_names_the_label_without_quotes() {
    let app = TestApp::start().await;
    for label in ["signup_coupons", "Sample Label", "Ünïcödé \"quoted\""] {
        let list = app
            .create_list_from(&with(a_list(), json!({"label": label})))
            .await;
        let snippet = app.list(&list).await["personalization_snippet"].clone();
        assert_eq!(snippet, format!("{{{{Coupons.CouponListName[{label}]}}}}"));
    }
}
