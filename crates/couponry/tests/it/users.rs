//! `DELETE /v1/users/{user_id}`: a person is forgotten

use serde_json::{Value, json};

use crate::{
    app::{Answer, Client, TestApp, codes, json_lines, text},
    usage_report::report,
};

async fn erase(app: &Client, user: &str) {
    app.delete(&format!("/users/{user}")).await.expect_nothing();
}

/// A request whose every field names the person.
fn body() -> Value {
    json!({"user_id": "Ann-4711", "request_id": "order of Ann-4711"})
}

#[tokio::test]
async fn an_erased_person_is_gone_from_every_answer() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let file = app.load_codes(&list, &codes("A", 10)).await;
    let (other, held) = (
        app.give(&list, "Bob").await,
        json!({"user_id": "Ann-4711", "hold_seconds": 600}),
    );
    let given = app.allocate(&list, &body()).await.expect(201);
    app.allocate(&list, &held).await.expect(201);
    let code = text(&given["coupon_code"]);
    let shop = json!({"redemption_id": "r", "metadata": {"customer": "Ann-4711"}});
    app.redeem(&list, code, &shop).await.expect(200);
    let stock = app.stock(&list).await;

    erase(&app, "Ann-4711").await;
    let paths = [
        format!("/coupon-list/{list}/allocations"),
        format!("/coupon-list/{list}/codes/{code}"),
        format!("/codes/{code}"),
        format!("/coupon-list/{list}/files/{file}/recipients"),
        format!("/coupon-list/{list}/allocations?user_id=Ann-4711"),
        format!("/coupon-list/{list}/allocations?request_id=order+of+Ann-4711"),
    ];
    for path in &paths {
        let Answer { status, text, .. } = app.get(path).await;
        assert_eq!(status, 200, "{path}");
        assert!(!text.contains("Ann-4711"), "{path}: {text}");
    }
    for path in &paths[4..] {
        let found = app.get(path).await.expect(200);
        assert_eq!(found["data"], json!([]), "{path}");
    }
    // Codes, states and counts stay, and so does everybody else.
    assert_eq!(app.stock(&list).await, stock);
    let passport = app.passport(&list, code).await.expect(200);
    assert_eq!(passport["status"], "REDEEMED");
    let (allocation, redemption) = (&passport["allocation"], &passport["redemption"]);
    assert_eq!(
        (&allocation["user_id"], &allocation["request_id"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        (&redemption["redemption_id"], &redemption["metadata"]),
        (&json!("r"), &Value::Null)
    );
    let told = json_lines(&app.get(&paths[3]).await.text);
    assert_eq!(told.len(), 3);
    assert!(told.contains(&other), "{told:?}");
    let kept = app.database.tables_with_any_of(&["Ann-4711".to_owned()]).await;
    assert!(kept.is_empty(), "{kept:?}");
}

#[tokio::test]
async fn a_repeat_by_an_erased_person_is_a_conflict_and_takes_nothing() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 10)).await;
    let campaign = json!({"user_id": "Ann-4711", "campaign": {"id": "c"}});
    let known = [body(), json!({"user_id": "Ann-4711"}), campaign];
    for body in &known {
        app.allocate(&list, body).await.expect(201);
    }
    erase(&app, "Ann-4711").await;
    for body in &known {
        app.allocate(&list, body)
            .await
            .expect_error(409, "request-conflict");
    }
    let recipients = json!({"recipients": [known[0], known[1]]});
    let batch = app.allocate_batch(&list, &recipients).await.expect(200);
    assert_eq!(batch["failed"], 2);
    assert_eq!(app.stock(&list).await, [10, 7, 0, 3, 0, 0]);
    // A new request is a new one.
    let anew = json!({"user_id": "Ann-4711", "request_id": "another"});
    app.allocate(&list, &anew).await.expect(201);
}

#[tokio::test]
async fn all_lists_of_the_workspace_forget_and_no_other_workspace_does() {
    let app = TestApp::start().await;
    let stranger = app.create_workspace(&["--name", "Other"]);
    let mut lists = Vec::new();
    for _ in 0..2 {
        let list = app.list_with(&codes("A", 5)).await;
        app.allocate(&list, &body()).await.expect(201);
        lists.push(list);
    }
    app.archive(&lists[1]).await;
    let near = ["ann-4711", "Ann-471", "Ann-4711 ", "Ann-47111"];
    for user in near {
        app.take(&lists[0], user).await;
    }
    erase(&stranger, "Ann-4711").await;
    for list in &lists {
        assert_eq!(app.allocate(list, &body()).await.status, 200);
    }
    erase(&app, "Ann-4711").await;
    for list in &lists {
        app.allocate(list, &body())
            .await
            .expect_error(409, "request-conflict");
    }
    for user in near {
        assert_eq!(
            app.allocate(&lists[0], &json!({"user_id": user})).await.status,
            200
        );
    }
}

#[tokio::test]
async fn it_does_not_tell_whether_anybody_was_there() {
    let app = TestApp::start().await;
    let long = "x".repeat(256);
    for user in ["nobody", "%C3%BC%2F%25", "%00", "%ff", &long] {
        erase(&app, user).await;
    }
}

#[tokio::test]
async fn ids_of_any_characters_can_be_erased() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 10)).await;
    for (user, path) in [
        ("a/b", "a%2Fb"),
        ("50%", "50%25"),
        ("a+b", "a+b"),
        ("ü ✓", "%C3%BC%20%E2%9C%93"),
    ] {
        app.take(&list, user).await;
        erase(&app, path).await;
        app.allocate(&list, &json!({"user_id": user}))
            .await
            .expect_error(409, "request-conflict");
    }
}

#[tokio::test]
async fn reports_that_may_name_the_person_are_gone() {
    let app = TestApp::start().await;
    let (named, other) = (
        app.list_with(&codes("A", 3)).await,
        app.list_with(&codes("A", 3)).await,
    );
    app.allocate(&named, &body()).await.expect(201);
    app.give(&other, "Bob").await;
    let reports = [report(&app, &named).await, report(&app, &other).await];
    app.forget_mails().await;
    erase(&app, "Ann-4711").await;
    let [gone, kept] = reports.map(|report| format!("/usage-report/{}", text(&report["_id"])));
    for path in [gone.clone(), format!("{gone}/download")] {
        app.get(&path).await.expect_error(404, "not-found");
    }
    let listed = app.get(&format!("/coupon-list/{named}/usage-report")).await;
    assert_eq!(listed.expect(200)["data"], json!([]));
    assert_eq!(app.get(&format!("{kept}/download")).await.status, 200);
    // A new one can be had, without the person.
    let again = report(&app, &named).await;
    app.forget_mails().await;
    let download = app
        .get(&format!("/usage-report/{}/download", text(&again["_id"])))
        .await;
    assert_eq!(download.status, 200);
    assert!(!download.text.contains("Ann-4711"), "{}", download.text);
}
