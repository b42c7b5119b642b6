//! `GET /v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/recipients`

use serde_json::{Value, json};

use crate::app::{TestApp, codes, ids, json_lines, sorted, text};

pub(super) async fn recipients(app: &TestApp, list: &str, file: &str) -> Vec<Value> {
    let answer = app
        .get(&format!("/coupon-list/{list}/files/{file}/recipients"))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    json_lines(&answer.text)
}

#[tokio::test]
async fn every_hand_out_of_the_file_is_told_as_it_now_stands() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let (first, second) = (
        app.load_codes(&list, &codes("A", 5)).await,
        app.load_codes(&list, &codes("B", 5)).await,
    );
    assert!(recipients(&app, &list, &first).await.is_empty());
    let released = app.give(&list, "released").await;
    let released = app.release(&list, &released).await.expect(200);
    let next = app.give(&list, "next").await;
    assert_eq!(next["coupon_code"], released["coupon_code"]);
    let held = app.hold(&list, "held").await;
    let redeemed = app.give(&list, "redeemed").await;
    let code = text(&redeemed["coupon_code"]);
    let redeemed = app.redeem(&list, code, &json!({})).await.expect(200)["allocation"].clone();
    let disabled = app.give(&list, "disabled").await;
    app.disable(&list, text(&disabled["coupon_code"]))
        .await
        .expect(200);
    let last = app.give(&list, "last").await;
    let of_second = app.give(&list, "of the other file").await;

    let told = recipients(&app, &list, &first).await;
    assert_eq!(
        sorted(ids(&told)),
        sorted(ids(&[
            released.clone(),
            next.clone(),
            held.clone(),
            redeemed.clone(),
            disabled.clone(),
            last.clone()
        ]))
    );
    for one in [&released, &next, &held, &redeemed, &last] {
        assert!(told.contains(one), "{one} is not among {told:?}");
    }
    let found = told.iter().find(|one| one["_id"] == disabled["_id"]).unwrap();
    assert_eq!(found["status"], "RELEASED");
    assert_eq!(recipients(&app, &list, &second).await, [of_second]);
}

#[tokio::test]
async fn long_lists_of_recipients_come_whole() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let file = app.load_codes(&list, &codes("A", 2600)).await;
    for number in [1000, 1000, 500] {
        let taken = recipients(&app, &list, &file).await.len();
        app.take_many(&list, &format!("u-{taken}"), number).await;
        let told = recipients(&app, &list, &file).await;
        assert_eq!(told.len(), taken + number);
        let whole = sorted(ids(&told));
        let mut once = whole.clone();
        once.dedup();
        assert_eq!(whole, once);
    }
}

#[tokio::test]
async fn an_archived_list_still_tells_who_got_a_files_codes() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let file = app.load_codes(&list, &codes("A", 5)).await;
    let given = app.give(&list, "u").await;
    app.archive(&list).await;
    app.jobs_done().await;
    assert_eq!(recipients(&app, &list, &file).await, [given]);
}
