//! `GET /v1/coupon-list/{coupon_list_id}/allocations`

use serde_json::{Value, json};

use crate::app::{TestApp, codes, codes_of, ids, shape, sorted, text, texts};

#[tokio::test]
async fn who_got_what_is_told_as_each_was_answered() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 5)).await;
    assert_eq!(
        app.allocations(&list, "").await,
        json!({"data": [], "next_cursor": null})
    );
    let body = json!({"user_id": "u", "request_id": "r", "campaign": {"id": "c"}});
    let full = app.allocate(&list, &body).await.expect(201);
    let held = app.hold(&list, "held").await;
    let released = app.give(&list, "released").await;
    let released = app.release(&list, &released).await.expect(200);
    let answer = app.get(&format!("/coupon-list/{list}/allocations")).await;
    let page = answer.expect(200);
    assert_eq!(page["data"], json!([full, held, released]));
    assert_eq!(page["next_cursor"], Value::Null);
    let one = texts::ALLOCATION_SHAPE;
    assert_eq!(
        shape(&answer.text),
        format!("{{data[{one},{one},{one}],next_cursor}}")
    );
}

#[tokio::test]
async fn users_campaigns_and_requests_can_be_asked_for() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 10)).await;
    let give = async |user: &str, request: Option<&str>, campaign: Option<&str>| {
        let campaign = campaign.map(|id| json!({"id": id}));
        let body = json!({"user_id": user, "request_id": request, "campaign": campaign});
        app.allocate(&list, &body).await.expect(201)
    };
    let plain = give("u", None, None).await;
    let spring = give("u", None, Some("spring")).await;
    let both = give("u", Some("r"), Some("spring")).await;
    let other = give("ü & co", None, Some("spring")).await;
    // The same campaign, described anew, is the same campaign.
    let body = json!({"user_id": "w", "campaign": {"id": "spring", "name": "Renamed"}});
    let renamed = app.allocate(&list, &body).await.expect(201);
    for (query, expected) in [
        ("user_id=u", vec![&plain, &spring, &both]),
        ("user_id=%C3%BC+%26%20co", vec![&other]),
        ("campaign_id=spring", vec![&spring, &both, &other, &renamed]),
        ("user_id=u&campaign_id=spring", vec![&spring, &both]),
        ("request_id=r", vec![&both]),
        ("request_id=r&user_id=u&campaign_id=spring", vec![&both]),
        ("request_id=r&user_id=w", vec![]),
        ("request_id=r&campaign_id=autumn", vec![]),
        ("request_id=R", vec![]),
        ("user_id=U", vec![]),
        ("campaign_id=autumn", vec![]),
        ("user_id=w&campaign_id=autumn", vec![]),
    ] {
        let page = app.allocations(&list, query).await;
        assert_eq!(page["data"], json!(expected), "{query}");
        assert_eq!(page["next_cursor"], Value::Null, "{query}");
    }
}

/// All pages together.
async fn all(app: &TestApp, list: &str, query: &str, limit: usize) -> Vec<Value> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app
            .allocations(list, &format!("{query}&limit={limit}{cursor}"))
            .await;
        let data = page["data"].as_array().unwrap();
        assert!(data.len() <= limit);
        found.extend(data.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

#[tokio::test]
async fn pages_together_are_the_whole_in_one_order() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 20)).await;
    app.load_codes(&list, &codes("B", 20)).await;
    let recipients: Vec<Value> = (0..30)
        .map(|n| json!({"user_id": format!("u-{}", n % 3), "request_id": format!("r-{n}")}))
        .collect();
    let body = json!({"recipients": recipients, "campaign": {"id": "c"}});
    let batch = app.allocate_batch(&list, &body).await.expect(200);
    let whole = app.allocations(&list, "limit=1000").await["data"].clone();
    let whole = whole.as_array().unwrap();
    assert_eq!(sorted(ids(whole)), sorted(ids(batch["data"].as_array().unwrap())));
    for query in ["", "campaign_id=c"] {
        for limit in [1, 7, 10, 30, 31] {
            assert_eq!(&all(&app, &list, query, limit).await, whole, "{query} {limit}");
        }
    }
    let of_one: Vec<Value> = whole
        .iter()
        .filter(|one| one["user_id"] == "u-1")
        .cloned()
        .collect();
    assert_eq!(of_one.len(), 10);
    for query in ["user_id=u-1", "user_id=u-1&campaign_id=c"] {
        assert_eq!(all(&app, &list, query, 3).await, of_one);
    }
}

#[tokio::test]
async fn nothing_is_missed_or_told_twice_while_codes_go_out() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 20)).await;
    let first = app.take_many(&list, "u", 10).await;
    let page = app.allocations(&list, "limit=5").await;
    let second = app.take_many(&list, "v", 10).await;
    let cursor = text(&page["next_cursor"]);
    let rest = app.allocations(&list, &format!("cursor={cursor}")).await;
    let told = [codes_of(&page), codes_of(&rest)].concat();
    assert_eq!(sorted(told), sorted([first, second].concat()));
}

#[tokio::test]
async fn without_a_limit_a_page_has_a_hundred() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 150)).await;
    app.take_many(&list, "u", 101).await;
    let page = app.allocations(&list, "").await;
    assert_eq!(codes_of(&page).len(), 100);
    assert!(page["next_cursor"].is_string());
}

#[tokio::test]
async fn an_archived_list_still_tells_who_got_what() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 5)).await;
    let given = app.give(&list, "u").await;
    app.archive(&list).await;
    app.jobs_done().await;
    assert_eq!(app.allocations(&list, "").await["data"], json!([given]));
}

#[tokio::test]
async fn parameters_that_cannot_be_are_refused() {
    let app = TestApp::start().await;
    let (list, other) = (
        app.list_with(&codes("A", 5)).await,
        app.list_with(&codes("A", 5)).await,
    );
    app.take_many(&other, "u", 2).await;
    let foreign = app.allocations(&other, "limit=1").await["next_cursor"].clone();
    let long = format!("user_id={}", "x".repeat(256));
    for query in [
        "limit=0",
        "limit=1001",
        "limit=-1",
        "limit=ten",
        "limit=",
        "limit=1&limit=2",
        "cursor=",
        "cursor=nonsense",
        "user_id=",
        "campaign_id=",
        "request_id=",
        "user_id=a&user_id=b",
        "user_id=%00",
        "request_id=a%0Ab",
        &long,
        &format!("cursor={}", text(&foreign)),
    ] {
        app.get(&format!("/coupon-list/{list}/allocations?{query}"))
            .await
            .expect_error(400, "bad-request");
    }
    let stranger = app.create_workspace(&["--name", "Other"]);
    for answer in [
        stranger.get(&format!("/coupon-list/{list}/allocations")).await,
        app.get(&format!("/coupon-list/{}/allocations", texts::UNKNOWN_ID))
            .await,
    ] {
        answer.expect_error(404, "coupon-list-not-found");
    }
}
