//! Requests made from the document, in which something is wrong: none is our failure, none hangs, and the server goes on.
//! `chaos edge` sends more of them, to a release build.

use std::time::Duration;

use chaos::nonsense::{Ids, Nonsense, exchange};
use futures_util::{StreamExt as _, stream};
use reqwest::Method;
use serde_json::{Value, json};

use super::assert_honest_clients_are_served;
use crate::{
    app::{TestApp, codes, send, text},
    usage_report::report,
};

const REQUESTS: usize = 2_000;
const AT_ONCE: usize = 8;
const SEED: u64 = 16;
/// Whatever is sent, an answer does not take longer.
const WITHIN: Duration = Duration::from_secs(5);

/// Two lists to be harmed, and what is in one of them.
async fn ids(app: &TestApp) -> Ids {
    let spare = app.create_list().await;
    let list = app.create_list().await;
    let file = app.load_codes(&list, &codes("N", 1_000)).await;
    let held = json!({"user_id": "u", "hold_seconds": 600});
    let allocation = app.allocate(&list, &held).await.expect(201);
    let token = app.pull_token(&list, &json!({"fallback": "F"})).await;
    let report = report(app, &list).await;
    let action = json!({"action": "confirm", "user_id": "u"});
    let action = app
        .post(&format!("/coupon-list/{list}/bulk-actions"), &action)
        .await;
    let action: Value = serde_json::from_str(&action.text).unwrap();
    [
        ("coupon_list_id", vec![list, spare]),
        ("coupon_file_id", vec![file]),
        ("allocation_id", vec![text(&allocation["_id"]).to_owned()]),
        (
            "code",
            vec![text(&allocation["coupon_code"]).to_owned(), "N-000500".to_owned()],
        ),
        ("user_id", vec!["u".to_owned(), "nobody".to_owned()]),
        ("token", vec![text(&token["token"]).to_owned()]),
        ("token_id", vec![text(&token["_id"]).to_owned()]),
        ("report_id", vec![text(&report["_id"]).to_owned()]),
        ("bulk_action_id", vec![text(&action["_id"]).to_owned()]),
    ]
    .map(|(name, ids)| (name.to_owned(), ids))
    .into()
}

#[tokio::test]
async fn no_request_is_our_failure_whatever_is_wrong_with_it() {
    let app = TestApp::start().await;
    let healthy = app.list_with(&codes("H", 100)).await;
    let document = send(app.anonymous(Method::GET, "/openapi.json"))
        .await
        .expect(200);
    let mut nonsense = Nonsense::new(&document, &app.credentials.basic(), SEED);
    let mut statuses = [0; 6];
    for round in 0..4 {
        nonsense.know(ids(&app).await);
        let requests: Vec<_> = (0..REQUESTS / 4).map(|_| nonsense.next_request()).collect();
        let mut replies = stream::iter(&requests)
            .map(async |request| (request, exchange(app.address, request).await.unwrap()))
            .buffer_unordered(AT_ONCE);
        while let Some((request, reply)) = replies.next().await {
            if let Some(why) = reply.violation(WITHIN) {
                panic!("{why}: {}", request.escape_ascii());
            }
            statuses[usize::from(reply.status().unwrap_or_default() / 100).min(5)] += 1;
        }
        assert_honest_clients_are_served(&app, &healthy, &format!("u-{round}")).await;
    }
    // Nonsense of which all is refused before it is looked at would show nothing.
    let [_, _, done, _, refused, failed] = statuses;
    assert!(done > REQUESTS / 10 && refused > REQUESTS / 4, "{statuses:?}");
    assert_eq!(failed, 0);
    forget_jobs(app).await;
}

/// Files that are nowhere and mails that nobody takes would be tried for days.
async fn forget_jobs(mut app: TestApp) {
    app.kill();
    sqlx::query("delete from job")
        .execute(&mut app.database.connect().await)
        .await
        .unwrap();
}
