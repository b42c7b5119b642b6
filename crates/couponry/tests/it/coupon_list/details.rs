//! `GET /v1/coupon-list/{coupon_list_id}`

use serde_json::json;

use crate::app::{Answer, TestApp, a_list, codes, text, texts, with};

#[tokio::test]
async fn a_new_list_is_empty_and_has_its_snippet() {
    let app = TestApp::start().await;
    let list = app
        .create_list_from(&with(a_list(), json!({"label": "Sample Label"})))
        .await;
    let read = app.list(&list).await;
    assert_eq!(read["_id"], list);
    assert_eq!(read["total_coupons"], 0);
    assert_eq!(read["available_coupons"], 0);
    assert_eq!(
        read["personalization_snippet"],
        "{{Coupons.CouponListName[Sample Label]}}"
    );
    assert_eq!(read["created_at"], read["updated_at"]);
}

/// Row 9 of docs/MIGRATING.md.
#[tokio::test]
async fn every_instant_is_utc_with_milliseconds() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let read = app.list(&list).await;
    for key in ["expires_at", "created_at", "updated_at"] {
        assert_is_instant(text(&read[key]));
    }
    assert_eq!(read["expires_at"], "2099-10-31T23:59:00.000Z");
}

#[track_caller]
fn assert_is_instant(text: &str) {
    let form: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(form, "0000-00-00T00:00:00.000Z", "{text}");
}

/// Row 16 of docs/MIGRATING.md.
#[tokio::test]
async fn counts_follow_loads_and_allocations() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1", "A-2", "A-3"]).await;
    assert_eq!(app.counts(&list).await, (3, 3));
    app.take(&list, "u-1").await;
    assert_eq!(app.counts(&list).await, (3, 2));
    app.load_codes(&list, &["B-1", "B-2"]).await;
    assert_eq!(app.counts(&list).await, (5, 4));
    app.take_many(&list, "more", 4).await;
    assert_eq!(app.counts(&list).await, (5, 0));
}

/// Row 16 of docs/MIGRATING.md.
#[tokio::test]
async fn what_was_handed_out_or_is_held_stays_counted_whatever_ends() {
    let app = TestApp::start().await;
    let (archived, expired, emptied) = (
        app.list_with(&codes("A", 5)).await,
        app.list_with(&codes("A", 5)).await,
        app.create_list().await,
    );
    let file = app.load_codes(&emptied, &codes("A", 5)).await;
    for list in [&archived, &expired, &emptied] {
        app.take_many(list, "u", 2).await;
        let held = json!({"user_id": "held", "hold_seconds": 604_800});
        app.allocate(list, &held).await.expect(201);
        assert_eq!(app.counts(list).await, (5, 2));
    }
    app.archive(&archived).await;
    app.expire(&expired).await;
    app.delete_file(&emptied, &file).await;
    for list in [&archived, &expired, &emptied] {
        assert_eq!(app.counts(list).await, (3, 0));
    }
    app.jobs_done().await;
    for list in [&archived, &expired, &emptied] {
        assert_eq!(app.counts(list).await, (3, 0));
    }
}

/// Row 4 of docs/MIGRATING.md.
#[tokio::test]
async fn an_id_that_names_nothing_of_ours_gets_the_same_404_whatever_it_is() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let theirs = app.create_workspace(&["--name", "Other"]).create_list().await;

    let not_found: Answer = app.get(&format!("/coupon-list/{}", texts::UNKNOWN_ID)).await;
    assert_eq!(
        not_found.expect_error(404, "coupon-list-not-found"),
        texts::LIST_NOT_FOUND
    );
    let (short, long, upper) = (&list[1..], format!("{list}0"), list.to_uppercase());
    let malformed = [
        &theirs,
        short,
        &long,
        "nonsense",
        "%00",
        "%ff",
        "a%2fb",
        "%27%20or%201=1--",
    ];
    for id in malformed {
        assert_same(&app.get(&format!("/coupon-list/{id}")).await, &not_found, id);
    }
    if upper != list {
        assert_same(
            &app.get(&format!("/coupon-list/{upper}")).await,
            &not_found,
            &upper,
        );
    }
}

fn assert_same(answer: &Answer, other: &Answer, id: &str) {
    assert_eq!((answer.status, &answer.text), (other.status, &other.text), "{id}");
}
