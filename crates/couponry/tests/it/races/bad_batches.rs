//! Files are stopped while their codes go out, and batches overlap, on two servers.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use crate::app::{Client, TestApp, codes, codes_of, json_lines, sorted, text, until};

#[tokio::test]
async fn nothing_of_a_file_goes_out_after_its_quarantine_was_answered() {
    let app = TestApp::start().await;
    let other = app.another_server().await;
    for round in 0..2 {
        let list = app.create_list().await;
        let bad = app.load_codes(&list, &codes("BAD", 5000)).await;
        app.load_codes(&list, &codes("GOOD", 5000)).await;
        let (taken, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
        let client = async |n: usize| {
            let server: &Client = if n.is_multiple_of(2) { &app } else { &other };
            let mut after = 0;
            for m in 0.. {
                let began_after = stopped.load(Ordering::SeqCst);
                let user = format!("u-{n}-{m}");
                let got: Vec<String> = if n.is_multiple_of(3) {
                    let line = json!({"user_id": user}).to_string();
                    let lines = server.stream_lines(&list, "", line).await;
                    lines
                        .iter()
                        .map(|line| text(&line["coupon_code"]).to_owned())
                        .collect()
                } else {
                    vec![server.take(&list, &user).await]
                };
                taken.fetch_add(got.len(), Ordering::SeqCst);
                if began_after {
                    assert!(
                        got.iter().all(|code| code.starts_with("GOOD")),
                        "{got:?} after the quarantine"
                    );
                    after += 1;
                    if after == 5 {
                        break;
                    }
                }
            }
        };
        let stop = async {
            until("codes to go out", async || {
                taken.load(Ordering::SeqCst) >= 50 * (round + 1)
            })
            .await;
            app.quarantine(&list, &bad).await;
            stopped.store(true, Ordering::SeqCst);
        };
        join(join_all((0..12).map(client)), stop).await;
        let recipients = app
            .get(&format!("/coupon-list/{list}/files/{bad}/recipients"))
            .await;
        let out = i64::try_from(json_lines(&recipients.text).len()).unwrap();
        let taken = i64::try_from(taken.load(Ordering::SeqCst)).unwrap();
        assert_eq!(
            app.stock(&list).await,
            [10_000, 5000 - (taken - out), 0, taken, 0, 5000 - out]
        );
    }
}

#[tokio::test]
async fn the_stock_adds_up_while_a_file_is_stopped_and_resumed() {
    let app = TestApp::start().await;
    let other = app.another_server().await;
    let list = app.create_list().await;
    let bad = app.load_codes(&list, &codes("BAD", 300)).await;
    app.load_codes(&list, &codes("GOOD", 300)).await;
    let over = AtomicBool::new(false);
    let switch = async {
        while !over.load(Ordering::Relaxed) {
            other.quarantine(&list, &bad).await;
            app.resume(&list, &bad).await;
        }
    };
    let auditor = async {
        while !over.load(Ordering::Relaxed) {
            assert_eq!(app.stock(&list).await[0], 600);
        }
    };
    let clients = async {
        let taken = join_all((0..8).map(async |n| {
            let server: &Client = if n % 2 == 0 { &app } else { &other };
            let mut taken = Vec::new();
            for m in 0..16 {
                let got = server.hold(&list, &format!("u-{n}-{m}")).await;
                let code = text(&got["coupon_code"]).to_owned();
                match m % 4 {
                    0 => assert_eq!(server.release(&list, &got).await.status, 200),
                    1 => {
                        assert_eq!(server.disable(&list, &code).await.status, 200);
                        taken.push(code);
                    }
                    2 => {
                        assert_eq!(server.confirm(&list, &got).await.status, 200);
                        taken.push(code);
                    }
                    _ => taken.push(code),
                }
            }
            taken
        }))
        .await;
        over.store(true, Ordering::Relaxed);
        taken.concat()
    };
    let (taken, _) = join(clients, join(switch, auditor)).await;
    assert_eq!(taken.len(), 96);
    let all = sorted([codes("BAD", 300), codes("GOOD", 300)].concat());
    let rest = app.take_many(&list, "rest", 504).await;
    assert_eq!(sorted([taken, rest].concat()), all);
}

#[tokio::test]
async fn batches_with_the_same_keys_on_two_servers_give_each_key_one_code() {
    let app = TestApp::start().await;
    let other = app.another_server().await;
    let list = app.list_with(&codes("A", 2000)).await;
    let users: Vec<String> = (0..600).map(|n| format!("u-{n}")).collect();
    let line = |user: &String| json!({"user_id": user}).to_string();
    let lines = users.iter().map(line).collect::<Vec<_>>().join(
        "
",
    );
    let recipients: Vec<Value> = users.iter().map(|user| json!({"user_id": user})).collect();
    // The batches in another order, so that none waits behind the other's first key.
    let backwards: Vec<&Value> = recipients.iter().rev().collect();
    let answers = join_all((0..8).map(async |n| {
        let server: &Client = if n % 2 == 0 { &app } else { &other };
        if n < 4 {
            let lines = server.stream_lines(&list, "", lines.clone()).await;
            return codes_of(&json!({"data": lines}));
        }
        let batch = server
            .allocate_batch(&list, &json!({"recipients": backwards}))
            .await
            .expect(200);
        codes_of(&batch).into_iter().rev().collect()
    }))
    .await;
    for answer in &answers {
        assert_eq!(answer.len(), 600);
        assert_eq!(answer, &answers[0]);
    }
    assert_eq!(app.stock(&list).await, [2000, 1400, 0, 600, 0, 0]);
}
