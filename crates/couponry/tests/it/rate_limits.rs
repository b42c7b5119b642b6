//! How often a workspace may ask (rows 7 and 8 of docs/MIGRATING.md).

use futures_util::future::join_all;
use serde_json::json;

use crate::app::{Answer, Client, Credentials, TestApp, a_list, texts, until};

async fn app_with(limits: &[(&str, &str)]) -> TestApp {
    TestApp::start_with(|environment| {
        environment.insert("COUPONRY_RATE_LIMITS".to_owned(), "on".to_owned());
        for (operation, limit) in limits {
            environment.insert(format!("COUPONRY_RATE_{operation}"), (*limit).to_owned());
        }
    })
    .await
}

/// Limit, remaining, reset.
fn quota(answer: &Answer) -> Option<[i64; 3]> {
    let number = |name| answer.header(name)?.parse().ok();
    Some([
        number("x-ratelimit-limit")?,
        number("x-ratelimit-remaining")?,
        number("x-ratelimit-reset")?,
    ])
}

fn midnight_after(second: i64) -> i64 {
    (second / 86_400 + 1) * 86_400
}

async fn now(app: &TestApp) -> i64 {
    sqlx::query_scalar("select extract(epoch from clock_timestamp())::bigint")
        .fetch_one(&mut app.database.connect().await)
        .await
        .unwrap()
}

/// Rows 7 and 8 of docs/MIGRATING.md.
#[tokio::test]
async fn every_limited_answer_tells_where_the_workspace_stands() {
    let app = app_with(&[]).await;
    let list = app.create_list().await;
    let before = now(&app).await;
    let file = format!("/coupon-list/{list}/files/{}", texts::UNKNOWN_ID);
    let one = format!("/coupon-list/{list}");
    for (answer, limit) in [
        (app.get("/coupon-list").await, 10_000),
        (app.get(&one).await, 10_000),
        (app.patch(&one, &json!({})).await, 100),
        (app.put(&format!("{one}/activate"), &json!({})).await, 100),
        (app.put_nothing(&format!("{one}/archive")).await, 100),
        (app.get(&format!("{one}/files")).await, 10_000),
        (app.get(&file).await, 10_000),
        (app.delete(&file).await, 5),
        (app.post(&format!("{one}/files"), &json!({})).await, 5),
        (app.post(&format!("{one}/usage-report"), &json!({})).await, 5),
        (app.post("/coupon-list", &json!({})).await, 100),
    ] {
        let [told, remaining, reset] = quota(&answer).unwrap();
        assert_eq!(told, limit, "{}", answer.text);
        // The first of its kind, but for the list that was made.
        assert!(remaining == limit - 1 || (limit, remaining) == (100, 98));
        assert!(reset > before && reset <= midnight_after(now(&app).await));
    }
}

#[tokio::test]
async fn what_the_documentation_does_not_limit_is_not_limited() {
    let app = app_with(&[]).await;
    let list = app.list_with(&["A-1"]).await;
    let taken = app.allocate(&list, &json!({"user_id": "u"})).await;
    assert!(quota(&taken).is_none());
    let reports = app.get(&format!("/coupon-list/{list}/usage-report")).await;
    assert!(quota(&reports).is_none());
}

/// Rows 7 and 8 of docs/MIGRATING.md.
#[tokio::test]
async fn a_full_window_refuses_with_three_headers_and_no_body() {
    let app = app_with(&[("CREATE_LIST", "2/day")]).await;
    app.create_list().await;
    // A request that is wrong is a request.
    app.post("/coupon-list", &json!({}))
        .await
        .expect_error(400, "missing-mandatory-attributes");
    let refused = app.post("/coupon-list", &a_list()).await;
    assert_eq!((refused.status, refused.text.as_str()), (429, ""));
    let now = now(&app).await;
    assert_eq!(quota(&refused).unwrap(), [2, 0, midnight_after(now)]);
    let wait: i64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((midnight_after(now) - now - wait).abs() <= 2, "{wait}");
}

/// Row 8 of docs/MIGRATING.md.
#[tokio::test]
async fn the_window_with_less_room_is_told_and_of_two_the_one_that_refuses() {
    let app = app_with(&[("DELETE_FILE", "3/minute,4/day")]).await;
    let list = app.create_list().await;
    let delete = async || {
        let answer = app
            .delete(&format!("/coupon-list/{list}/files/{}", texts::UNKNOWN_ID))
            .await;
        (answer.status, quota(&answer).unwrap())
    };
    for remaining in [2, 1, 0] {
        let (status, [limit, left, _]) = delete().await;
        assert_eq!((status, limit, left), (404, 3, remaining));
    }
    let (status, [limit, left, reset]) = delete().await;
    assert_eq!((status, limit, left), (429, 3, 0));
    assert!(reset - now(&app).await <= 60);

    minutes_pass(&app).await;
    assert_eq!(delete().await.0, 404);
    let (status, [limit, left, reset]) = delete().await;
    assert_eq!((status, limit, left), (429, 4, 0));
    assert_eq!(reset, midnight_after(now(&app).await));
    // What was refused by the minute took nothing of the day.
}

/// The counters' windows become older by an hour; the database's clock stays.
async fn minutes_pass(app: &TestApp) {
    sqlx::query("update request_count set minute = minute - interval '1 hour'")
        .execute(&mut app.database.connect().await)
        .await
        .unwrap();
}

/// Row 8 of docs/MIGRATING.md.
#[tokio::test]
async fn a_new_day_is_a_new_window_and_a_clock_set_back_is_not() {
    let app = app_with(&[("CREATE_LIST", "1/day")]).await;
    let create = async || app.post("/coupon-list", &a_list()).await.status;
    let move_day = async |days: &str| {
        sqlx::query("update request_count set day = day + $1::interval")
            .bind(days)
            .execute(&mut app.database.connect().await)
            .await
            .unwrap();
    };
    assert_eq!([create().await, create().await], [201, 429]);
    move_day("-1 day").await;
    assert_eq!([create().await, create().await], [201, 429]);
    // To the counter it is tomorrow already.
    move_day("1 day").await;
    let refused = app.post("/coupon-list", &a_list()).await;
    assert_eq!(refused.status, 429);
    assert!(quota(&refused).unwrap()[2] > now(&app).await + 86_400);
}

#[tokio::test]
async fn three_servers_and_a_restart_grant_exactly_what_there_is() {
    let mut app = app_with(&[("CREATE_LIST", "25/day")]).await;
    let (second, third) = (app.another_server().await, app.another_server().await);
    let create = async |server: &Client| server.post("/coupon-list", &a_list()).await.status;
    let servers: [&Client; 3] = [&app, &second, &third];
    let first_round = join_all((0..30).map(|n| create(servers[n % 3]))).await;
    app.kill();
    app.restart().await;
    let servers: [&Client; 3] = [&app, &second, &third];
    let second_round = join_all((0..30).map(|n| create(servers[n % 3]))).await;
    let granted = |round: &[u16]| round.iter().filter(|status| **status == 201).count();
    assert_eq!((granted(&first_round), granted(&second_round)), (25, 0));
    let others = first_round
        .iter()
        .chain(&second_round)
        .filter(|status| **status != 201);
    assert!(others.clone().all(|status| *status == 429));
}

/// Row 8 of docs/MIGRATING.md.
#[tokio::test]
async fn each_workspace_has_its_own_quota() {
    let app = app_with(&[("FETCH_LISTS", "1/day")]).await;
    let other = app.create_workspace(&["--name", "Other"]);
    app.get("/coupon-list").await.expect(200);
    assert_eq!(app.get("/coupon-list").await.status, 429);
    other.get("/coupon-list").await.expect(200);
}

/// Row 8 of docs/MIGRATING.md.
#[tokio::test]
async fn uploads_are_counted_for_the_workspace_whatever_the_list_and_the_way() {
    let app = app_with(&[("UPLOAD_FILE", "3/day")]).await;
    let (list, other) = (app.create_list().await, app.create_list().await);
    let upload = async |list: &str, way: &str| {
        let path = format!("/coupon-list/{list}/{way}");
        app.post(&path, &json!({})).await.status
    };
    assert_eq!(upload(&list, "files").await, 400);
    assert_eq!(upload(&other, "files").await, 400);
    assert_eq!(upload(&list, "files/upload").await, 415);
    for list in [&list, &other] {
        assert_eq!(upload(list, "files").await, 429);
        assert_eq!(upload(list, "files/upload").await, 429);
    }
}

/// Row 8 of docs/MIGRATING.md.
#[tokio::test]
async fn credentials_are_judged_before_the_limit_and_the_limit_before_the_id() {
    let app = app_with(&[("FETCH_LIST", "1/day")]).await;
    let unknown = format!("/coupon-list/{}", texts::UNKNOWN_ID);
    let stranger = app.with_credentials(Credentials::new("nobody", "nothing"));
    for _ in 0..3 {
        let refused = stranger.get(&unknown).await;
        refused.expect_error(401, "request-unauthenticated");
        assert!(quota(&refused).is_none());
    }
    let first = app.get(&unknown).await;
    first.expect_error(404, "coupon-list-not-found");
    assert_eq!(quota(&first).unwrap()[1], 0);
    assert_eq!(app.get(&unknown).await.status, 429);
}

/// Row 8 of docs/MIGRATING.md.
#[tokio::test]
async fn switched_off_nothing_is_counted() {
    let app = TestApp::start().await;
    for _ in 0..3 {
        let answer = app.get("/coupon-list").await;
        answer.expect(200);
        assert!(quota(&answer).is_none());
    }
    let counted: i64 = sqlx::query_scalar("select count(*) from request_count")
        .fetch_one(&mut app.database.connect().await)
        .await
        .unwrap();
    assert_eq!(counted, 0);
}

#[tokio::test]
async fn whoever_guesses_keys_is_refused_before_they_are_hashed() {
    let app = TestApp::start().await;
    app.get("/coupon-list").await.expect(200);
    let guess = async |n: usize| {
        let guesser = app.with_credentials(Credentials::new(&format!("guess-{n}"), "key"));
        guesser.get("/coupon-list").await
    };
    let mut tried = 0;
    until("guessing to be refused", async || {
        let round = join_all((0..20).map(|n| guess(tried + n))).await;
        tried += 20;
        round.iter().any(|answer| {
            assert!(matches!(answer.status, 401 | 429), "{}", answer.status);
            answer.status == 429 && answer.text.is_empty() && answer.header("retry-after").is_some()
        })
    })
    .await;
    // A key that is known needs no hash.
    app.get("/coupon-list").await.expect(200);
}
