//! `GET /v1/coupon-list/{coupon_list_id}/stock`: total, available, held, allocated, disabled, quarantined

use serde_json::json;

use crate::app::{TestApp, codes, shape, text, texts};

#[tokio::test]
async fn every_code_is_counted_once_whatever_happens_to_it() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    assert_eq!(app.stock(&list).await, [0; 6]);
    app.load_codes(&list, &codes("A", 10)).await;
    assert_eq!(app.stock(&list).await, [10, 10, 0, 0, 0, 0]);
    let held = app.hold(&list, "held").await;
    assert_eq!(app.stock(&list).await, [10, 9, 1, 0, 0, 0]);
    let given = app.give(&list, "given").await;
    assert_eq!(app.stock(&list).await, [10, 8, 1, 1, 0, 0]);
    app.confirm(&list, &held).await.expect(200);
    assert_eq!(app.stock(&list).await, [10, 8, 0, 2, 0, 0]);
    app.redeem(&list, text(&held["coupon_code"]), &json!({}))
        .await
        .expect(200);
    assert_eq!(app.stock(&list).await, [10, 8, 0, 2, 0, 0]);
    app.release(&list, &given).await.expect(200);
    assert_eq!(app.stock(&list).await, [10, 9, 0, 1, 0, 0]);
    let again = app.hold(&list, "again").await;
    assert_eq!(again["coupon_code"], given["coupon_code"]);
    assert_eq!(app.stock(&list).await, [10, 8, 1, 1, 0, 0]);
    app.database.let_holds_run_out().await;
    assert_eq!(app.stock(&list).await, [10, 9, 0, 1, 0, 0]);
    app.disable(&list, text(&given["coupon_code"])).await.expect(200);
    assert_eq!(app.stock(&list).await, [10, 8, 0, 1, 1, 0]);
    let last = app.take_many(&list, "u", 8).await;
    assert_eq!(app.stock(&list).await, [10, 0, 0, 9, 1, 0]);
    app.disable(&list, &last[3]).await.expect(200);
    assert_eq!(app.stock(&list).await, [10, 0, 0, 8, 2, 0]);
    assert_eq!(app.counts(&list).await, (10, 0));
}

#[tokio::test]
async fn a_quarantined_file_keeps_its_free_codes_apart() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let file = app.load_codes(&list, &codes("A", 10)).await;
    let (held, given) = (app.hold(&list, "u").await, app.give(&list, "v").await);
    let returned = app.give(&list, "w").await;
    app.release(&list, &returned).await.expect(200);
    let free = codes("A", 10);
    let mut disabled = Vec::new();
    for code in &free {
        if app.code_status(&list, code).await == "AVAILABLE" && *code != text(&returned["coupon_code"]) {
            disabled.push(code);
        }
    }
    app.disable(&list, disabled[0]).await.expect(200);
    assert_eq!(app.stock(&list).await, [10, 7, 1, 1, 1, 0]);
    app.quarantine(&list, &file).await;
    assert_eq!(app.stock(&list).await, [10, 0, 1, 1, 1, 7]);
    assert_eq!(app.counts(&list).await, (10, 0));
    app.load_codes(&list, &codes("B", 5)).await;
    assert_eq!(app.stock(&list).await, [15, 5, 1, 1, 1, 7]);
    app.release(&list, &held).await.expect(200);
    app.release(&list, &given).await.expect(200);
    assert_eq!(app.stock(&list).await, [15, 5, 0, 0, 1, 9]);
    app.disable(&list, text(&held["coupon_code"])).await.expect(200);
    app.disable(&list, disabled[1]).await.expect(200);
    assert_eq!(app.stock(&list).await, [15, 5, 0, 0, 3, 7]);
    app.resume(&list, &file).await;
    assert_eq!(app.stock(&list).await, [15, 12, 0, 0, 3, 0]);
}

#[tokio::test]
async fn a_deleted_file_leaves_only_what_is_out() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let file = app.load_codes(&list, &codes("A", 10)).await;
    app.load_codes(&list, &codes("B", 5)).await;
    app.hold(&list, "held").await;
    let given = app.take(&list, "given").await;
    let returned = app.give(&list, "returned").await;
    app.release(&list, &returned).await.expect(200);
    app.disable(&list, text(&returned["coupon_code"]))
        .await
        .expect(200);
    assert_eq!(app.stock(&list).await, [15, 12, 1, 1, 1, 0]);
    app.delete_file(&list, &file).await;
    for _ in 0..2 {
        let [total, available, held, allocated, ..] = app.stock(&list).await;
        assert_eq!((available, held, allocated), (5, 1, 1));
        assert_eq!(app.counts(&list).await, (total, available));
        app.jobs_done().await;
    }
    app.disable(&list, &given).await.expect(200);
    let [_, available, held, allocated, ..] = app.stock(&list).await;
    assert_eq!((available, held, allocated), (5, 1, 0));
}

#[tokio::test]
async fn an_ended_list_has_nothing_left_to_give() {
    let app = TestApp::start().await;
    let (archived, expired) = (app.create_list().await, app.create_list().await);
    for list in [&archived, &expired] {
        let file = app.load_codes(list, &codes("A", 5)).await;
        app.load_codes(list, &codes("B", 5)).await;
        app.hold(list, "held").await;
        app.take(list, "given").await;
        app.quarantine(list, &file).await;
        assert_eq!(app.stock(list).await, [10, 5, 1, 1, 0, 3]);
    }
    app.archive(&archived).await;
    app.expire(&expired).await;
    for list in [&archived, &expired] {
        assert_eq!(app.stock(list).await, [2, 0, 1, 1, 0, 0]);
        app.jobs_done().await;
        assert_eq!(app.stock(list).await, [2, 0, 1, 1, 0, 0]);
    }
    app.activate(&archived).await;
    assert_eq!(app.stock(&archived).await, [2, 0, 1, 1, 0, 0]);
}

#[tokio::test]
async fn the_stock_is_six_numbers_of_a_list_of_ones_own() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1"]).await;
    let answer = app.get(&format!("/coupon-list/{list}/stock")).await;
    assert_eq!(
        shape(&answer.text),
        "{total,available,held,allocated,disabled,quarantined}"
    );
    let stranger = app.create_workspace(&["--name", "Other"]);
    for rest in ["stock", "forecast"] {
        for answer in [
            stranger.get(&format!("/coupon-list/{list}/{rest}")).await,
            app.get(&format!("/coupon-list/{}/{rest}", texts::UNKNOWN_ID))
                .await,
        ] {
            answer.expect_error(404, "coupon-list-not-found");
        }
    }
}
