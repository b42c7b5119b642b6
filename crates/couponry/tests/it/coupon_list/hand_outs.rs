//! `GET /v1/coupon-list/{coupon_list_id}/hand-outs`

use crate::app::{TestApp, codes};

async fn numbers(app: &TestApp, list: &str, query: &str) -> Vec<i64> {
    let answer = app.get(&format!("/coupon-list/{list}/hand-outs{query}")).await;
    let data = answer.expect(200)["data"].as_array().unwrap().clone();
    for spans in data.windows(2) {
        assert_eq!(spans[0]["until"], spans[1]["from"]);
    }
    data.iter()
        .map(|span| span["handed_out"].as_i64().unwrap())
        .collect()
}

#[tokio::test]
async fn each_hour_and_day_has_what_went_out_in_it() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 50)).await;
    app.take_many(&list, "old", 7).await;
    let mut session = app.database.connect().await;
    sqlx::query("update ledger set allocated_at = allocated_at - interval '2 days'")
        .execute(&mut session)
        .await
        .unwrap();
    app.take_many(&list, "new", 5).await;
    let days = numbers(&app, &list, "").await;
    assert_eq!(days.len(), 30);
    assert_eq!(days.iter().sum::<i64>(), 12);
    assert_eq!(days[27], 7, "{days:?}");
    assert_eq!(days[29] + days[28], 5, "{days:?}");
    let hours = numbers(&app, &list, "?per=hour").await;
    assert_eq!((hours.len(), hours.iter().sum::<i64>()), (24, 5));
    assert_eq!(numbers(&app, &list, "?per=day&last=1").await.len(), 1);
    let empty = app.create_list().await;
    assert_eq!(numbers(&app, &empty, "?last=3").await, [0, 0, 0]);
}

#[tokio::test]
async fn more_than_a_week_of_hours_and_what_is_no_number_is_refused() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    for query in ["per=week", "per=hour&last=169", "last=367", "last=0", "last=x"] {
        let message = app
            .get(&format!("/coupon-list/{list}/hand-outs?{query}"))
            .await
            .expect_error(400, "bad-request");
        let named = if query == "per=week" { "'per'" } else { "'last'" };
        assert!(message.contains(named), "{query}: {message}");
    }
}
