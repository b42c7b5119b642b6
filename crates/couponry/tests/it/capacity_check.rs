//! `POST /v1/capacity-check`: whether planned sends fit

use serde_json::{Value, json};

use crate::app::{Answer, TestApp, codes, shape, texts};

async fn check(app: &TestApp, plans: &[(&str, i64)]) -> Answer {
    let plans: Vec<Value> = plans
        .iter()
        .map(|(list, planned)| json!({"coupon_list_id": list, "planned": planned}))
        .collect();
    app.post("/capacity-check", &json!({"plans": plans})).await
}

/// The numbers of each plan: available, `short_by`.
fn numbers(checked: &Value) -> Vec<(i64, i64)> {
    let data = checked["data"].as_array().unwrap();
    data.iter()
        .map(|plan| {
            let (available, short_by) = (
                plan["available"].as_i64().unwrap(),
                plan["short_by"].as_i64().unwrap(),
            );
            assert_eq!(plan["fits"], short_by == 0, "{plan}");
            (available, short_by)
        })
        .collect()
}

#[tokio::test]
async fn each_plan_is_judged_and_nothing_is_taken() {
    let app = TestApp::start().await;
    let (small, big) = (
        app.list_with(&codes("A", 3)).await,
        app.list_with(&codes("A", 10)).await,
    );
    let answer = check(&app, &[(&big, 10), (&small, 3)]).await;
    assert_eq!(
        shape(&answer.text),
        "{fits,data[{coupon_list_id,planned,available,held,fits,short_by},\
         {coupon_list_id,planned,available,held,fits,short_by}]}"
    );
    let checked = answer.expect(200);
    assert_eq!(checked["fits"], true);
    assert_eq!(numbers(&checked), [(10, 0), (3, 0)]);
    assert_eq!(
        (
            &checked["data"][0]["coupon_list_id"],
            &checked["data"][1]["planned"]
        ),
        (&json!(big), &json!(3))
    );

    let checked = check(&app, &[(&small, 4), (&big, 0), (&big, 10)])
        .await
        .expect(200);
    assert_eq!(checked["fits"], false);
    assert_eq!(numbers(&checked), [(3, 1), (10, 0), (10, 0)]);
    assert_eq!(app.counts(&small).await, (3, 3));
    assert_eq!(app.counts(&big).await, (10, 10));
}

#[tokio::test]
async fn a_list_that_is_named_twice_has_to_have_enough_for_both() {
    let app = TestApp::start().await;
    let (list, other) = (
        app.list_with(&codes("A", 10)).await,
        app.list_with(&codes("A", 10)).await,
    );
    let checked = check(&app, &[(&list, 6), (&other, 6), (&list, 4)])
        .await
        .expect(200);
    assert_eq!(
        (&checked["fits"], numbers(&checked)),
        (&json!(true), vec![(10, 0), (10, 0), (4, 0)])
    );
    let checked = check(&app, &[(&list, 6), (&list, 6), (&list, 6)])
        .await
        .expect(200);
    assert_eq!(
        (&checked["fits"], numbers(&checked)),
        (&json!(false), vec![(10, 0), (4, 2), (0, 6)])
    );
}

#[tokio::test]
async fn only_what_can_be_handed_out_now_counts() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 10)).await;
    let file = app.load_codes(&list, &codes("B", 5)).await;
    app.hold(&list, "held").await;
    let code = app.take(&list, "given").await;
    app.disable(&list, &code).await.expect(200);
    app.quarantine(&list, &file).await;
    let checked = check(&app, &[(&list, 9)]).await.expect(200);
    assert_eq!(numbers(&checked), [(8, 1)]);
    assert_eq!(checked["data"][0]["held"], 1);
    app.database.let_holds_run_out().await;
    let checked = check(&app, &[(&list, 9)]).await.expect(200);
    assert_eq!(
        (numbers(&checked), &checked["data"][0]["held"]),
        (vec![(9, 0)], &json!(0))
    );
    app.archive(&list).await;
    assert_eq!(numbers(&check(&app, &[(&list, 1)]).await.expect(200)), [(0, 1)]);
}

#[tokio::test]
async fn one_unknown_list_and_nothing_is_judged() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 10)).await;
    let stranger = app.create_workspace(&["--name", "Other"]);
    let theirs = stranger.create_list().await;
    for unknown in [theirs.as_str(), texts::UNKNOWN_ID, "nonsense", ""] {
        let answer = check(&app, &[(&list, 1), (unknown, 1)]).await;
        assert_eq!(
            answer.expect_error(404, "coupon-list-not-found"),
            texts::LIST_NOT_FOUND
        );
    }
}

#[tokio::test]
async fn plans_have_to_be_plans() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let plan = |planned: Value| json!({"plans": [{"coupon_list_id": list, "planned": planned}]});
    for body in [
        json!({"plans": []}),
        json!({"plans": {}}),
        json!({"plans": [list]}),
        json!({"plans": vec![json!({"coupon_list_id": list, "planned": 1}); 101]}),
        json!({"plans": [{"coupon_list_id": 1, "planned": 1}]}),
        plan(json!(-1)),
        plan(json!(100_000_001)),
        plan(json!(1.5)),
        plan(json!("1")),
    ] {
        app.post("/capacity-check", &body)
            .await
            .expect_error(400, "invalid-request");
    }
    for (body, key) in [
        (json!({}), "plans"),
        (json!({"plans": [{"planned": 1}]}), "coupon_list_id"),
        (plan(Value::Null), "planned"),
    ] {
        let answer = app.post("/capacity-check", &body).await;
        let message = answer.expect_error(400, "missing-mandatory-attributes");
        assert_eq!(message, texts::missing_key(key));
    }
    let most = vec![(list.as_str(), 0); 100];
    assert_eq!(check(&app, &most).await.expect(200)["fits"], true);
}
