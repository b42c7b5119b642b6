//! `GET /v1/audit-log`: who changed what

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    app::{Client, FileHost, TestApp, a_list, codes, csv, file_part, send, shape, text, texts, whole},
    usage_report,
};

async fn log(client: &Client) -> Vec<Value> {
    let log = client.get("/audit-log?limit=1000").await.expect(200);
    assert_eq!(log["next_cursor"], Value::Null);
    log["data"].as_array().unwrap().clone()
}

/// Action, list and object of each entry, the oldest first.
async fn entries(client: &Client) -> Vec<(String, Value, Value)> {
    let entry = |entry: &Value| {
        (
            text(&entry["action"]).to_owned(),
            entry["coupon_list_id"].clone(),
            entry["object_id"].clone(),
        )
    };
    log(client).await.iter().rev().map(entry).collect()
}

#[tokio::test]
async fn every_changing_call_is_noted_with_what_it_was_about() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let at = |rest: &str| format!("/coupon-list/{list}{rest}");
    app.patch(&at(""), &json!({"name": "Renamed"})).await.expect(200);
    let file = app
        .upload(&list, &host.serve("/a.csv", csv(&codes("SECRET", 5))))
        .await;
    app.finished(&list, &file).await;
    let parts = whole(&[file_part(&csv(&codes("HAND", 5)))]);
    let request = app.request(Method::POST, &at("/files/upload"));
    let request = request.header("content-type", "multipart/form-data; boundary=XX");
    let by_hand = send(request.body(parts)).await.expect(201);
    let by_hand = text(&by_hand["_id"]).to_owned();
    app.finished(&list, &by_hand).await;
    let taken = [
        app.take(&list, "Ann-4711").await,
        app.take(&list, "Ann-4711b").await,
    ];
    let redemption = json!({"redemption_id": "of Ann-4711"});
    app.redeem(&list, &taken[0], &redemption).await.expect(200);
    app.disable(&list, &taken[1]).await.expect(200);
    app.quarantine(&list, &file).await;
    let reissue = send(app.request(Method::POST, &at(&format!("/files/{file}/reissue")))).await;
    assert_eq!(reissue.status, 200);
    app.resume(&list, &file).await;
    let token = app.pull_token(&list, &json!({})).await;
    let token = text(&token["_id"]).to_owned();
    app.delete(&at(&format!("/pull-tokens/{token}")))
        .await
        .expect_nothing();
    assert_eq!(app.get(&at("/codes/export")).await.status, 200);
    app.post("/webhook-secret", &json!({})).await.expect(200);
    let report = usage_report::report(&app, &list).await["_id"].clone();
    app.forget_mails().await;
    app.post("/link-key", &json!({})).await.expect_nothing();
    app.delete(&format!("/usage-report/{}", text(&report)))
        .await
        .expect_nothing();
    app.delete("/users/Ann-4711").await.expect_nothing();
    app.delete_file(&list, &file).await;
    app.archive(&list).await;
    app.activate(&list).await;

    let (of_list, none) = (json!(list), Value::Null);
    let [file, by_hand, token] = [json!(file), json!(by_hand), json!(token)];
    let expected: Vec<(String, Value, Value)> = [
        ("list.create", &of_list, &none),
        ("list.update", &of_list, &none),
        ("file.upload", &of_list, &file),
        ("file.upload", &of_list, &by_hand),
        ("code.redeem", &of_list, &none),
        ("code.disable", &of_list, &none),
        ("file.quarantine", &of_list, &file),
        ("file.reissue", &of_list, &file),
        ("file.resume", &of_list, &file),
        ("pull-token.create", &of_list, &token),
        ("pull-token.revoke", &of_list, &token),
        ("codes.export", &of_list, &none),
        ("webhook-secret.replace", &none, &none),
        ("usage-report.request", &of_list, &report),
        ("link-key.replace", &none, &none),
        ("usage-report.delete", &none, &report),
        ("user.erase", &none, &none),
        ("file.delete", &of_list, &file),
        ("list.archive", &of_list, &none),
        ("list.activate", &of_list, &none),
    ]
    .map(|(action, list, object)| (action.to_owned(), list.clone(), object.clone()))
    .into();
    let noted = entries(&app).await;
    assert_eq!(noted, expected);

    let whole = app.get("/audit-log").await.text;
    for secret in [
        "SECRET",
        "HAND",
        "Ann-4711",
        text(&token).get(24..).unwrap_or("whsec"),
    ] {
        assert!(secret.is_empty() || !whole.contains(secret), "{secret}: {whole}");
    }
}

#[tokio::test]
async fn an_entry_says_when_and_by_whose_key() {
    let app = TestApp::start().await;
    let before = app.database.instant_in(-5).await;
    app.create_list().await;
    app.create_list().await;
    let after = app.database.instant_in(5).await;
    let answer = app.get("/audit-log").await;
    let entry = "{at,api_key,person,action,coupon_list_id,object_id}";
    assert_eq!(
        shape(&answer.text),
        format!("{{data[{entry},{entry}],next_cursor}}")
    );
    for entry in log(&app).await {
        let at = text(&entry["at"]);
        assert!(
            before.as_str() <= at && at <= after.as_str(),
            "{before} {at} {after}"
        );
        assert!(entry["api_key"].is_i64(), "{entry}");
    }
}

#[tokio::test]
async fn what_changes_nothing_or_failed_is_not_noted() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 5)).await;
    let file = app.load_codes(&list, &codes("B", 5)).await;
    let code = app.take(&list, "u").await;
    app.redeem(&list, &code, &json!({})).await.expect(200);
    let before = entries(&app).await;
    // Hand-outs are in the ledger.
    let held = app.hold(&list, "v").await;
    app.confirm(&list, &held).await.expect(200);
    app.release(&list, &held).await.expect(200);
    app.take_many(&list, "w", 2).await;
    for path in [
        "",
        "/stock",
        "/forecast",
        "/files",
        "/allocations",
        "/pull-tokens",
        "/usage-report",
    ] {
        app.get(&format!("/coupon-list/{list}{path}")).await.expect(200);
    }
    app.get("/webhook-secret").await.expect(200);
    let plans = json!({"plans": [{"coupon_list_id": list, "planned": 1}]});
    app.post("/capacity-check", &plans).await.expect(200);
    // What was refused has not happened.
    let gone = texts::UNKNOWN_ID;
    for answer in [
        app.post("/coupon-list", &json!({})).await,
        app.patch(&format!("/coupon-list/{gone}"), &json!({"name": "n"}))
            .await,
        app.put_nothing(&format!("/coupon-list/{gone}/archive")).await,
        app.redeem(&list, &code, &json!({})).await,
        app.disable(&list, &code).await,
        app.disable(&list, "NO-SUCH-CODE").await,
        app.put_nothing(&format!("/coupon-list/{list}/files/{gone}/quarantine"))
            .await,
        app.post(&format!("/coupon-list/{list}/files/{file}/reissue"), &json!({}))
            .await,
        app.delete(&format!("/coupon-list/{list}/pull-tokens/{gone}"))
            .await,
        app.delete(&format!("/coupon-list/{list}/files/{gone}")).await,
        app.post(&format!("/coupon-list/{list}/files"), &json!({})).await,
    ] {
        answer.error();
    }
    assert_eq!(entries(&app).await, before);
}

#[tokio::test]
async fn pages_together_are_the_whole_the_newest_first() {
    let app = TestApp::start().await;
    for _ in 0..7 {
        app.create_list().await;
    }
    let whole = log(&app).await;
    assert_eq!(whole.len(), 7);
    let times: Vec<&str> = whole.iter().map(|entry| text(&entry["at"])).collect();
    assert!(times.iter().rev().is_sorted(), "{times:?}");
    for limit in [1, 3, 7, 8] {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = app
                .get(&format!("/audit-log?limit={limit}{cursor}"))
                .await
                .expect(200);
            found.extend(page["data"].as_array().unwrap().iter().cloned());
            if page["next_cursor"].is_null() {
                break;
            }
            cursor = format!("&cursor={}", page["next_cursor"]);
            // What happens meanwhile comes before what is still to be read.
            app.post("/webhook-secret", &json!({})).await.expect(200);
        }
        assert_eq!(without_secrets(&found), without_secrets(&whole), "{limit}");
    }
    for bad in [
        "limit=0",
        "limit=1001",
        "limit=x",
        "cursor=0",
        "cursor=x",
        "cursor=1&cursor=2",
    ] {
        app.get(&format!("/audit-log?{bad}"))
            .await
            .expect_error(400, "bad-request");
    }
}

/// The entries but for those made while reading.
fn without_secrets(entries: &[Value]) -> Vec<Value> {
    let is_of_a_list = |entry: &&Value| entry["action"] == "list.create";
    entries.iter().filter(is_of_a_list).cloned().collect()
}

#[tokio::test]
async fn each_workspace_sees_its_own() {
    let app = TestApp::start().await;
    let stranger = app.create_workspace(&["--name", "Other"]);
    let list = app.create_list().await;
    assert!(log(&stranger).await.is_empty());
    stranger.post("/coupon-list", &a_list()).await.expect(201);
    stranger
        .put_nothing(&format!("/coupon-list/{list}/archive"))
        .await
        .expect_error(404, "coupon-list-not-found");
    assert_eq!((log(&app).await.len(), log(&stranger).await.len()), (1, 1));
    assert_ne!(log(&app).await[0]["api_key"], log(&stranger).await[0]["api_key"]);
    let cursor = "/audit-log?cursor=9223372036854775807";
    let theirs = stranger.get(cursor).await.expect(200);
    assert_eq!(theirs["data"].as_array().unwrap().len(), 1);
}
