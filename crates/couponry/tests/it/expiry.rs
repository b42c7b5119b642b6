//! When a list ends: days and instants as they are sent and shown (rows 9 to 11 of docs/MIGRATING.md).

use serde_json::{Value, json};

use crate::app::{TestApp, a_list, text, with};

async fn app_in(zone: &str) -> TestApp {
    TestApp::start_with(|environment| {
        environment.insert("COUPONRY_TIME_ZONE".to_owned(), zone.to_owned());
    })
    .await
}

fn ending(expires_at: &Value) -> Value {
    with(a_list(), json!({"expires_at": expires_at}))
}

/// Row 9 of docs/MIGRATING.md.
#[tokio::test]
async fn a_day_ends_at_2359_in_the_workspaces_time_zone() {
    let app = app_in("Europe/Berlin").await;
    for (day, instant) in [
        ("2098-07-01", "2098-07-01T21:59:00"),
        ("2098-12-01", "2098-12-01T22:59:00"),
    ] {
        let created = app.post("/coupon-list", &ending(&json!(day))).await.expect(201);
        assert_eq!(created["expires_at"], instant);
        let read = app.list(text(&created["_id"])).await;
        assert_eq!(read["expires_at"], format!("{instant}.000Z"));
    }
}

/// Rows 9 and 10 of docs/MIGRATING.md.
#[tokio::test]
async fn both_forms_can_be_sent_back_as_they_were_read() {
    let app = app_in("Asia/Kolkata").await;
    let created = app.post("/coupon-list", &a_list()).await.expect(201);
    let list = text(&created["_id"]);
    let read = app.list(list).await["expires_at"].clone();
    assert_eq!(created["expires_at"], "2099-10-31T18:29:00");
    assert_eq!(read, "2099-10-31T18:29:00.000Z");
    let path = format!("/coupon-list/{list}");
    for form in [&created["expires_at"], &read] {
        let again = app.post("/coupon-list", &ending(form)).await.expect(201);
        assert_eq!(again["expires_at"], created["expires_at"]);

        let body = json!({"expires_at": form});
        app.patch(&path, &json!({"expires_at": "2098-01-01"}))
            .await
            .expect(200);
        assert_eq!(app.patch(&path, &body).await.expect(200)["expires_at"], read);
        app.archive(list).await;
        app.put(&format!("{path}/activate"), &body).await.expect_nothing();
        assert_eq!(app.list(list).await["expires_at"], read);
    }
}

/// Row 10 of docs/MIGRATING.md.
#[tokio::test]
async fn an_instant_is_that_instant_wherever_it_is_told() {
    let app = app_in("Asia/Kolkata").await;
    for (sent, shown) in [
        ("2099-10-31T12:00:00Z", "2099-10-31T12:00:00.000Z"),
        ("2099-10-31T12:00:00+05:30", "2099-10-31T06:30:00.000Z"),
        ("2099-10-31T12:00:00.250-01:00", "2099-10-31T13:00:00.250Z"),
    ] {
        let list = app.create_list_from(&ending(&json!(sent))).await;
        assert_eq!(app.list(&list).await["expires_at"], shown);
    }
}

/// Row 11 of docs/MIGRATING.md.
#[tokio::test]
async fn a_list_may_end_tonight_but_not_yesterday() {
    let noon = noon();
    let app = app_in(&noon.zone).await;
    let list = app.create_list_from(&ending(&json!(noon.today))).await;
    let path = format!("/coupon-list/{list}");
    let activation = format!("{path}/activate");
    let tonight = json!({"expires_at": noon.today});
    app.patch(&path, &tonight).await.expect(200);
    app.put(&activation, &tonight).await.expect_nothing();

    let before = app.list(&list).await;
    let instant_ago = app.database.instant_in(-1000).await;
    for past in [noon.yesterday.as_str(), "2020-01-01", &instant_ago] {
        let body = json!({"expires_at": past});
        app.post("/coupon-list", &ending(&json!(past)))
            .await
            .expect_error(400, "invalid-request");
        app.patch(&path, &body).await.expect_error(400, "invalid-request");
        app.put(&activation, &body).await.expect_error(400, "bad-request");
    }
    assert_eq!(app.list(&list).await, before);
}

/// A time zone in which it is about noon, so that no test runs across midnight; and the days there.
struct Noon {
    zone: String,
    today: String,
    yesterday: String,
}

fn noon() -> Noon {
    let now: jiff::Timestamp = std::time::SystemTime::now().try_into().unwrap();
    let east = 12 - now.to_zoned(jiff::tz::TimeZone::UTC).hour();
    // These zones' names have the sign turned round: Etc/GMT-3 is three hours east.
    let zone = format!("Etc/GMT{:+}", -east);
    let today = now.in_tz(&zone).unwrap().date();
    Noon {
        zone,
        today: today.to_string(),
        yesterday: today.yesterday().unwrap().to_string(),
    }
}
