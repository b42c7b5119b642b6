//! `GET /v1/coupon-list/{coupon_list_id}/forecast`

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::app::{TestApp, codes, shape, text};

async fn forecast(app: &TestApp, list: &str) -> Value {
    app.get(&format!("/coupon-list/{list}/forecast"))
        .await
        .expect(200)
}

fn instant(value: &Value) -> Timestamp {
    text(value).parse().unwrap()
}

/// Pretends that whatever happened happened so long ago.
async fn age(app: &TestApp, interval: &str) {
    let mut session = app.database.connect().await;
    for statement in [
        "update ledger set allocated_at = allocated_at - $1::text::interval",
        "update coupon_file set published_at = published_at - $1::text::interval",
    ] {
        sqlx::query(statement)
            .bind(interval)
            .execute(&mut session)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_list_that_nobody_uses_does_not_run_dry() {
    let app = TestApp::start().await;
    let (empty, full) = (app.create_list().await, app.list_with(&codes("A", 5)).await);
    for (list, available) in [(&empty, 0), (&full, 5)] {
        let answer = app.get(&format!("/coupon-list/{list}/forecast")).await;
        assert_eq!(
            shape(&answer.text),
            "{available,handed_out{last_minute,last_hour,last_day,last_week},runs_dry,expires_at,before_expiry}"
        );
        let forecast = answer.expect(200);
        assert_eq!(forecast["available"], available);
        let none = json!({"last_minute": 0, "last_hour": 0, "last_day": 0, "last_week": 0});
        assert_eq!(forecast["handed_out"], none);
        assert_eq!(
            (&forecast["runs_dry"], &forecast["before_expiry"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(forecast["expires_at"], app.list(list).await["expires_at"]);
    }
}

#[tokio::test]
async fn codes_count_in_the_times_in_which_they_went_out() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 100)).await;
    app.load_codes(&list, &codes("B", 100)).await;
    app.take_many(&list, "month", 7).await;
    age(&app, "23 days").await;
    app.take_many(&list, "week", 11).await;
    age(&app, "2 days").await;
    app.take_many(&list, "day", 83).await;
    age(&app, "2 hours").await;
    app.take_many(&list, "hour", 13).await;
    age(&app, "10 minutes").await;
    app.take_many(&list, "minute", 17).await;
    let expected = json!({"last_minute": 17, "last_hour": 30, "last_day": 113, "last_week": 124});
    let seen = forecast(&app, &list).await;
    assert_eq!(seen["handed_out"], expected);
    assert_eq!(seen["available"], 200 - 131);

    // 113 codes in a day: the other 69 last for 69/113 of one.
    let now: Timestamp = app.database.instant_in(0).await.parse().unwrap();
    let expected = instant(&seen["runs_dry"]["expected"])
        .duration_since(now)
        .as_secs();
    assert!((expected - 69 * 86_400 / 113).abs() < 60, "{seen}");
    let (earliest, latest) = (&seen["runs_dry"]["earliest"], &seen["runs_dry"]["latest"]);
    assert!(
        instant(earliest) < instant(&seen["runs_dry"]["expected"]),
        "{seen}"
    );
    assert!(instant(latest) > instant(&seen["runs_dry"]["expected"]), "{seen}");
    assert_eq!(seen["before_expiry"], true);
}

#[tokio::test]
async fn codes_that_were_given_back_and_go_out_again_are_not_counted_twice() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 10)).await;
    for user in ["u", "v", "w"] {
        let held = app.hold(&list, user).await;
        app.release(&list, &held).await.expect(200);
    }
    let seen = forecast(&app, &list).await;
    assert_eq!(
        (&seen["handed_out"]["last_minute"], &seen["available"]),
        (&json!(1), &json!(10))
    );
}

#[tokio::test]
async fn disabled_codes_that_were_passed_over_went_to_nobody() {
    let app = TestApp::start().await;
    let all = codes("A", 20);
    let list = app.list_with(&all).await;
    let first = app.take_many(&list, "before", 5).await;
    age(&app, "2 hours").await;
    let free: Vec<&String> = all.iter().filter(|code| !first.contains(code)).collect();
    for code in &free[..8] {
        app.disable(&list, code).await.expect(200);
    }
    let last = app.take_many(&list, "after", 7).await;
    // What was handed out before it was disabled was handed out.
    for code in [&first[0], &last[0]] {
        app.disable(&list, code).await.expect(200);
    }
    let expected = json!({"last_minute": 7, "last_hour": 7, "last_day": 12, "last_week": 12});
    assert_eq!(forecast(&app, &list).await["handed_out"], expected);
}

#[tokio::test]
async fn held_disabled_and_quarantined_codes_are_not_available() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1", "A-2"]).await;
    let file = app.load_codes(&list, &codes("B", 5)).await;
    app.hold(&list, "u").await;
    assert_eq!(forecast(&app, &list).await["available"], 6);
    app.quarantine(&list, &file).await;
    assert_eq!(forecast(&app, &list).await["available"], 1);
    for code in ["A-1", "A-2"] {
        app.disable(&list, code).await.expect(200);
    }
    assert_eq!(forecast(&app, &list).await["available"], 0);
}

#[tokio::test]
async fn a_list_that_lasts_beyond_its_expiry_says_so_and_one_that_ended_has_nothing() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 1000)).await;
    app.take(&list, "u").await;
    age(&app, "20 hours").await;
    let soon = app.database.instant_in(3_600_000).await;
    app.patch(&format!("/coupon-list/{list}"), &json!({"expires_at": soon}))
        .await
        .expect(200);
    let seen = forecast(&app, &list).await;
    assert_eq!(
        (&seen["expires_at"], &seen["before_expiry"]),
        (&json!(soon), &json!(false))
    );
    app.archive(&list).await;
    let seen = forecast(&app, &list).await;
    assert_eq!(seen["available"], 0);
}
