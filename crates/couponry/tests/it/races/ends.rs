//! Lists that end while codes go out.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::future::{join, join_all};
use serde_json::json;

use crate::app::{Client, TestApp, codes, text, until};

#[tokio::test]
async fn nothing_goes_out_after_the_archive_was_answered() {
    let app = TestApp::start().await;
    let other = app.another_server().await;
    for round in 0..3 {
        let list = app.list_with(&codes("A", 5000)).await;
        let (taken, archived) = (AtomicUsize::new(0), AtomicBool::new(false));
        let client = async |n: usize| {
            let server: &Client = if n.is_multiple_of(2) { &app } else { &other };
            for m in 0.. {
                let began_after = archived.load(Ordering::SeqCst);
                let body = json!({"user_id": format!("u-{n}-{m}")});
                let answer = server.allocate(&list, &body).await;
                if answer.status != 201 {
                    answer.expect_error(409, "coupon-list-not-active");
                    break;
                }
                assert!(!began_after, "handed out after the archive: {}", answer.text);
                taken.fetch_add(1, Ordering::SeqCst);
            }
        };
        let archive = async {
            until("codes to go out", async || {
                taken.load(Ordering::SeqCst) >= 50 * (round + 1)
            })
            .await;
            app.archive(&list).await;
            archived.store(true, Ordering::SeqCst);
        };
        join(join_all((0..16).map(client)), archive).await;
        let taken = i64::try_from(taken.load(Ordering::SeqCst)).unwrap();
        assert_eq!(app.counts(&list).await, (taken, 0));
        other.activate(&list).await;
        assert_eq!(other.counts(&list).await, (taken, 0));
    }
}

#[tokio::test]
async fn nothing_goes_out_after_the_expiry() {
    let app = TestApp::start().await;
    let other = app.another_server().await;
    let list = app.list_with(&codes("A", 10_000)).await;
    let expiry = app.database.instant_in(1200).await;
    app.patch(&format!("/coupon-list/{list}"), &json!({"expires_at": expiry}))
        .await
        .expect(200);
    let client = async |n: usize| {
        let server: &Client = if n.is_multiple_of(2) { &app } else { &other };
        let mut taken = 0;
        loop {
            let body = json!({"user_id": format!("u-{n}-{taken}")});
            let answer = server.allocate(&list, &body).await;
            if answer.status != 201 {
                answer.expect_error(409, "coupon-list-not-active");
                return taken;
            }
            let at = answer.expect(201)["allocated_at"].clone();
            assert!(text(&at) < expiry.as_str(), "{at} is not before {expiry}");
            taken += 1;
        }
    };
    let taken: i64 = join_all((0..8).map(client)).await.into_iter().sum();
    assert!(taken > 0);
    assert_eq!(app.list(&list).await["status"], "EXPIRED");
    assert_eq!(app.counts(&list).await, (taken, 0));
}
