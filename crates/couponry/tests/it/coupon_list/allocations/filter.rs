//! Hand-outs by file, status and time, page by page and as CSV.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::app::{TestApp, codes, ids, text};

async fn found(app: &TestApp, list: &str, query: &str) -> Vec<String> {
    let page = app.allocations(list, query).await;
    ids(page["data"].as_array().unwrap())
}

fn instant(one: &Value) -> Timestamp {
    text(&one["allocated_at"]).parse().unwrap()
}

#[tokio::test]
async fn files_and_states_can_be_asked_for() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 2)).await;
    let file = app.load_codes(&list, &codes("B", 4)).await;
    let (first, held) = (app.give(&list, "first").await, app.hold(&list, "held").await);
    let (third, fourth) = (app.give(&list, "third").await, app.hold(&list, "fourth").await);
    app.release(&list, &third).await.expect(200);
    assert_eq!(
        found(&app, &list, "status=HELD").await,
        ids(&[held.clone(), fourth.clone()])
    );
    assert_eq!(found(&app, &list, "status=ALLOCATED").await, ids(&[first]));
    assert_eq!(
        found(&app, &list, "status=RELEASED").await,
        ids(std::slice::from_ref(&third))
    );
    assert_eq!(found(&app, &list, "status=REDEEMED").await, ids(&[]));
    assert_eq!(
        found(&app, &list, &format!("file_id={file}")).await,
        ids(&[third, fourth.clone()])
    );
    let both = format!("file_id={file}&status=HELD&user_id=fourth");
    assert_eq!(found(&app, &list, &both).await, ids(&[fourth]));
    for query in [
        "status=held",
        "file_id=x",
        "file_id=000000000000000000000000",
        "from=today",
    ] {
        app.get(&format!("/coupon-list/{list}/allocations?{query}"))
            .await
            .expect_error(400, "bad-request");
    }
}

/// Fresh codes are found by halving; one that went out again lies among them, out of the order of time.
#[tokio::test]
async fn times_find_what_went_out_then_also_a_code_that_went_out_again() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 10)).await;
    app.load_codes(&list, &codes("B", 10)).await;
    let mut given = Vec::new();
    for n in 0..14 {
        given.push(app.give(&list, &format!("u-{n}")).await);
    }
    app.release(&list, &given[2]).await.expect(200);
    let again = app.give(&list, "again").await;
    assert_eq!(again["coupon_code"], given[2]["coupon_code"]);
    let mut all = given.clone();
    all.insert(3, again);
    for (first, end) in [(0, 14), (5, 12), (3, 3), (9, 14), (13, 14)] {
        let from = instant(&given[first]);
        let until = given.get(end).map(instant);
        let wanted = all.iter().filter(|one| {
            let at = instant(one);
            at >= from && until.is_none_or(|until| at < until)
        });
        let wanted: Vec<Value> = wanted.cloned().collect();
        let until = until.map(|until| format!("&until={until}"));
        let query = format!("from={from}{}", until.unwrap_or_default());
        assert_eq!(found(&app, &list, &query).await, ids(&wanted), "{first} to {end}");
        // One a page.
        let mut pages = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = app.allocations(&list, &format!("{query}&limit=1{cursor}")).await;
            pages.extend(ids(page["data"].as_array().unwrap()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(pages, ids(&wanted), "{first} to {end}, one by one");
    }
    let late = instant(&given[13]) + SignedDuration::from_hours(1);
    assert!(found(&app, &list, &format!("from={late}")).await.is_empty());
    let of_user = format!("user_id=u-3&from={}", instant(&given[4]));
    assert!(found(&app, &list, &of_user).await.is_empty());
}

#[tokio::test]
async fn the_export_has_what_the_filter_takes_and_no_formula() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 5)).await;
    let body = json!({"user_id": "=1+1", "request_id": "a,\"b\"", "campaign": {"id": "c"}});
    let given = app.allocate(&list, &body).await.expect(201);
    let held = app.hold(&list, "held").await;
    let export = async |query: &str| {
        let answer = app
            .get(&format!("/coupon-list/{list}/allocations/export{query}"))
            .await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
        let text = answer.text.trim_start_matches('\u{feff}').to_owned();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let header = "Coupon Code,User ID,Campaign ID,Request ID,Status,Handed Out At,Held Until";
    let code = |one: &Value| text(&one["coupon_code"]).to_owned();
    let all = export("").await;
    assert_eq!(all.len(), 3);
    assert_eq!(all[0], header);
    let begins = format!("{},'=1+1,c,\"a,\"\"b\"\"\",ALLOCATED,", code(&given));
    assert!(all[1].starts_with(&begins), "{}", all[1]);
    let one = export("?status=HELD").await;
    assert_eq!(one.len(), 2);
    assert!(
        one[1].starts_with(&format!("{},held,,,HELD,", code(&held))),
        "{}",
        one[1]
    );
    assert_eq!(export("?user_id=nobody").await, [header]);
    let unknown = format!("/coupon-list/{list}/allocations/export?file_id=000000000000000000000000");
    app.get(&unknown).await.expect_error(400, "bad-request");
}
