//! Many clients on one list.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use super::code_or_exhausted;
use crate::app::{Client, TestApp, codes, codes_of, sorted};

/// Takes code after code, each for a new user and each asked for twice at once, until there is none left.
async fn take_all(client: &Client, list: &str, name: &str) -> Vec<String> {
    let mut taken = Vec::new();
    for n in 0.. {
        let body = json!({"user_id": format!("{name}-{n}")});
        let (one, other) = join(client.allocate(list, &body), client.allocate(list, &body)).await;
        let (first, repeat) = if one.status == 200 {
            (other, one)
        } else {
            (one, other)
        };
        let Some(code) = code_or_exhausted(&first) else {
            // Not even the second try found one.
            assert_eq!(code_or_exhausted(&repeat), None);
            break;
        };
        assert_eq!(repeat.expect(200)["coupon_code"], code);
        taken.push(code);
    }
    taken
}

#[tokio::test]
async fn sixty_four_clients_take_every_code_once() {
    let app = TestApp::start().await;
    let codes = codes("A", 2000);
    let list = app.list_with(&codes).await;
    let names: Vec<String> = (0..64).map(|n| format!("client-{n}")).collect();
    let over = AtomicBool::new(false);
    let clients = async {
        let taken = join_all(names.iter().map(|name| take_all(&app, &list, name))).await;
        over.store(true, Ordering::Relaxed);
        taken.concat()
    };
    let auditor = async {
        let mut available = 2000;
        while !over.load(Ordering::Relaxed) {
            let (total, now_available) = app.counts(&list).await;
            assert_eq!(total, 2000);
            assert!(now_available <= available, "{now_available} after {available}");
            available = now_available;
        }
    };
    let (taken, ()) = join(clients, auditor).await;
    assert_eq!(sorted(taken), codes);
    assert_eq!(app.counts(&list).await, (2000, 0));
}

#[tokio::test]
async fn two_servers_take_every_code_once() {
    let app = TestApp::start().await;
    let other = app.another_server().await;
    let codes = codes("A", 1500);
    let list = app.list_with(&codes).await;
    let names: Vec<String> = (0..32).map(|n| format!("client-{n}")).collect();
    let taken = join_all(names.iter().enumerate().map(|(n, name)| {
        let server: &Client = if n % 2 == 0 { &app } else { &other };
        take_all(server, &list, name)
    }))
    .await
    .concat();
    assert_eq!(sorted(taken), codes);
}

#[tokio::test]
async fn batches_and_single_requests_share_the_codes() {
    let app = TestApp::start().await;
    let codes = codes("A", 1000);
    let list = app.list_with(&codes).await;
    let batches = join_all((0..10).map(async |n| {
        let recipients: Vec<Value> = (0..150)
            .map(|m| json!({"user_id": format!("batch-{n}-{m}")}))
            .collect();
        let answer = app
            .allocate_batch(&list, &json!({"recipients": recipients}))
            .await;
        codes_of(&answer.expect(200))
    }));
    let names: Vec<String> = (0..16).map(|n| format!("client-{n}")).collect();
    let singles = join_all(names.iter().map(|name| take_all(&app, &list, name)));
    let (batches, singles) = join(batches, singles).await;
    assert_eq!(sorted([batches.concat(), singles.concat()].concat()), codes);
}
