//! `PUT /v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/quarantine`, and `…/resume`

use serde_json::{Value, json};

use crate::app::{FileHost, TestApp, codes, csv, json_lines, sorted, text, texts};

#[tokio::test]
async fn a_stopped_file_hands_out_nothing_and_the_others_go_on() {
    let app = TestApp::start().await;
    let other = app.another_server().await;
    let list = app.create_list().await;
    let bad = app.load_codes(&list, &codes("BAD", 10)).await;
    app.load_codes(&list, &codes("GOOD", 5)).await;
    let before = app.take_many(&list, "before", 2).await;
    assert!(before.iter().all(|code| code.starts_with("BAD")), "{before:?}");
    app.quarantine(&list, &bad).await;
    let mut after = app.take_many(&list, "one", 2).await;
    after.push(other.take(&list, "two").await);
    let lines = other
        .stream_lines(&list, "", "{\"user_id\":\"three\"}\n{\"user_id\":\"four\"}")
        .await;
    after.extend(lines.iter().map(|line| text(&line["coupon_code"]).to_owned()));
    assert_eq!(sorted(after), codes("GOOD", 5));
    for server in [&*app, &other] {
        server
            .allocate(&list, &json!({"user_id": "five"}))
            .await
            .expect_error(409, "coupons-exhausted");
    }
    assert_eq!(app.stock(&list).await, [15, 0, 0, 7, 0, 8]);

    app.resume(&list, &bad).await;
    let resumed = app.take_many(&list, "resumed", 8).await;
    assert_eq!(sorted([before, resumed].concat()), codes("BAD", 10));
}

#[tokio::test]
async fn what_comes_back_to_a_stopped_file_waits_there() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let bad = app.load_codes(&list, &codes("BAD", 4)).await;
    let (before, held) = (app.give(&list, "u").await, app.hold(&list, "v").await);
    let ran_out = app.hold(&list, "w").await;
    app.release(&list, &before).await.expect(200);
    app.quarantine(&list, &bad).await;
    app.release(&list, &held).await.expect(200);
    app.database.let_holds_run_out().await;
    assert_eq!(app.stock(&list).await, [4, 0, 0, 0, 0, 4]);
    app.allocate(&list, &json!({"user_id": "x"}))
        .await
        .expect_error(409, "coupons-exhausted");
    app.load_codes(&list, &codes("GOOD", 1)).await;
    let good = app.give(&list, "x").await;
    assert_eq!(good["coupon_code"], "GOOD-000000");
    // Nor does it go out where another file has something that came back.
    app.release(&list, &good).await.expect(200);
    assert_eq!(app.take(&list, "z").await, "GOOD-000000");
    app.resume(&list, &bad).await;
    let taken = app.take_many(&list, "y", 4).await;
    assert_eq!(sorted(&taken), codes("BAD", 4));
    assert!(taken.contains(&text(&ran_out["coupon_code"]).to_owned()));
}

#[tokio::test]
async fn whoever_has_a_code_of_a_stopped_file_keeps_it() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let file = app.load_codes(&list, &codes("A", 5)).await;
    let (given, held) = (app.give(&list, "given").await, app.hold(&list, "held").await);
    app.quarantine(&list, &file).await;
    for (user, allocation) in [("given", &given), ("held", &held)] {
        let repeat = app.allocate(&list, &json!({"user_id": user})).await;
        assert_eq!(&repeat.expect(200), allocation);
    }
    let confirmed = app.confirm(&list, &held).await.expect(200);
    assert_eq!(confirmed["status"], "ALLOCATED");
    app.redeem(&list, text(&given["coupon_code"]), &json!({}))
        .await
        .expect(200);
    assert_eq!(app.stock(&list).await, [5, 0, 0, 2, 0, 3]);
}

#[tokio::test]
async fn both_are_idempotent_and_leave_the_file_as_it_is_shown() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let file = app.load_codes(&list, &codes("A", 5)).await;
    let shown = app.file(&list, &file).await;
    app.resume(&list, &file).await;
    for _ in 0..2 {
        app.quarantine(&list, &file).await;
        assert_eq!(app.stock(&list).await, [5, 0, 0, 0, 0, 5]);
    }
    assert_eq!(app.file(&list, &file).await["status"], shown["status"]);
    assert_eq!(
        app.file(&list, &file).await["added_coupons"],
        shown["added_coupons"]
    );
    for _ in 0..2 {
        app.resume(&list, &file).await;
        assert_eq!(app.stock(&list).await, [5, 5, 0, 0, 0, 0]);
    }
}

#[tokio::test]
async fn all_or_nothing_does_not_count_on_a_stopped_file() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let file = app.load_codes(&list, &codes("BAD", 5)).await;
    app.load_codes(&list, &codes("GOOD", 2)).await;
    app.quarantine(&list, &file).await;
    let recipients: Vec<Value> = (0..3).map(|n| json!({"user_id": format!("u-{n}")})).collect();
    let body = json!({"recipients": recipients, "on_shortage": "reject"});
    app.allocate_batch(&list, &body)
        .await
        .expect_error(409, "coupons-exhausted");
    app.resume(&list, &file).await;
    app.allocate_batch(&list, &body).await.expect(200);
}

#[tokio::test]
async fn a_file_that_is_still_being_loaded_can_be_stopped() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let (url, gate) = host.serve_at_a_gate("/codes.csv", csv(&codes("A", 100)));
    let file = app.upload(&list, &url).await;
    gate.reached_by(1).await;
    app.quarantine(&list, &file).await;
    gate.open();
    assert_eq!(app.finished(&list, &file).await["status"], "SUCCESS");
    app.allocate(&list, &json!({"user_id": "u"}))
        .await
        .expect_error(409, "coupons-exhausted");
    assert_eq!(app.stock(&list).await, [100, 0, 0, 0, 0, 100]);
    app.resume(&list, &file).await;
    app.take(&list, "u").await;
}

#[tokio::test]
async fn a_stopped_file_can_be_deleted() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let file = app.load_codes(&list, &codes("A", 5)).await;
    app.take_many(&list, "u", 2).await;
    app.quarantine(&list, &file).await;
    app.delete_file(&list, &file).await;
    app.jobs_done().await;
    assert_eq!(app.stock(&list).await, [2, 0, 0, 2, 0, 0]);
}

#[tokio::test]
async fn a_file_that_is_gone_unknown_or_another_lists_cannot_be_stopped() {
    let app = TestApp::start().await;
    let (list, other) = (app.create_list().await, app.create_list().await);
    let stranger = app.create_workspace(&["--name", "Other"]);
    let gone = app.load_codes(&list, &["A-1"]).await;
    let others = app.load_codes(&other, &["A-1"]).await;
    app.delete_file(&list, &gone).await;
    for file in [gone.as_str(), &others, texts::UNKNOWN_ID, "nonsense"] {
        let path = format!("/coupon-list/{list}/files/{file}");
        for verb in ["quarantine", "resume"] {
            app.put_nothing(&format!("{path}/{verb}"))
                .await
                .expect_error(404, "not-found");
        }
        let recipients = app.get(&format!("{path}/recipients")).await;
        recipients.expect_error(404, "not-found");
        let reissue = app.post(&format!("{path}/reissue"), &json!({})).await;
        reissue.expect_error(404, "not-found");
    }
    let path = format!("/coupon-list/{other}/files/{others}");
    for answer in [
        stranger.put_nothing(&format!("{path}/quarantine")).await,
        stranger.put_nothing(&format!("{path}/resume")).await,
        stranger.get(&format!("{path}/recipients")).await,
        stranger.post(&format!("{path}/reissue"), &json!({})).await,
    ] {
        answer.expect_error(404, "coupon-list-not-found");
    }
    assert_eq!(app.stock(&other).await, [1, 1, 0, 0, 0, 0]);
    let recipients = app.get(&format!("{path}/recipients")).await;
    assert!(json_lines(&recipients.text).is_empty());
}
