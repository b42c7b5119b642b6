//! `kill -9` at the worst moments, and orderly ends: what was answered stays, what was begun is finished.

use std::sync::Mutex;

use futures_util::future::{join, join_all};
use serde_json::json;

use crate::app::{
    Client, FileHost, Gate, TestApp, assert_all_different, codes, csv, sorted, text, try_send, until,
};

/// A list and a file for it that stands still halfway through its download.
async fn load_at_a_gate(app: &TestApp, host: &FileHost, all: &[String]) -> (String, String, Gate) {
    let list = app.create_list().await;
    let (url, gate) = host.serve_at_a_gate("/codes.csv", csv(all));
    let file = app.upload(&list, &url).await;
    gate.reached_by(1).await;
    (list, file, gate)
}

/// The file ends well and its codes are there, each once.
async fn assert_loaded(app: &TestApp, list: &str, file: &str, all: &[String]) {
    let file = app.finished(list, file).await;
    assert_eq!(file["status"], "SUCCESS", "{file}");
    assert_eq!(file["added_coupons"], all.len());
    let number = i64::try_from(all.len()).unwrap();
    assert_eq!(app.counts(list).await, (number, number));
    assert_eq!(sorted(app.take_many(list, "check", all.len()).await), all);
}

#[tokio::test]
async fn a_load_killed_in_its_download_is_finished_after_the_restart() {
    let mut app = TestApp::start().await;
    let host = FileHost::start().await;
    let all = codes("A", 5000);
    let (list, file, gate) = load_at_a_gate(&app, &host, &all).await;
    app.kill();
    app.restart().await;
    assert_eq!(app.file(&list, &file).await["status"], "PENDING");
    gate.reached_by(2).await;
    gate.open();
    assert_loaded(&app, &list, &file, &all).await;
}

#[tokio::test]
async fn a_load_killed_while_it_stores_is_finished_after_the_restart() {
    let mut app = TestApp::start().await;
    let host = FileHost::start().await;
    let all = codes("A", 5000);
    let (list, file, gate) = load_at_a_gate(&app, &host, &all).await;
    let held = app.database.hold_block_writes().await;
    gate.open();
    until("the load to wait for its blocks", async || {
        app.database.waiting_for_a_lock().await > 0
    })
    .await;
    app.kill();
    held.release().await;
    app.restart().await;
    assert_loaded(&app, &list, &file, &all).await;
}

#[tokio::test]
async fn a_load_killed_while_it_publishes_is_finished_after_the_restart() {
    let mut app = TestApp::start().await;
    let host = FileHost::start().await;
    let all = codes("A", 5000);
    let (list, file, gate) = load_at_a_gate(&app, &host, &all).await;
    let held = app.database.hold_gates().await;
    gate.open();
    until("the load to wait for the list's gate", async || {
        app.database.waiting_for_a_lock().await > 0
    })
    .await;
    app.kill();
    held.release().await;
    app.restart().await;
    assert_loaded(&app, &list, &file, &all).await;
}

#[tokio::test]
async fn another_server_takes_over_the_load_of_a_dead_one() {
    let mut app = TestApp::start().await;
    let host = FileHost::start().await;
    let all = codes("A", 5000);
    let (list, file, gate) = load_at_a_gate(&app, &host, &all).await;
    let other = app.another_server().await;
    app.kill();
    gate.reached_by(2).await;
    gate.open();
    let file = other.finished(&list, &file).await;
    assert_eq!(file["status"], "SUCCESS", "{file}");
    assert_eq!(file["added_coupons"], 5000);
    assert_eq!(other.counts(&list).await, (5000, 5000));
}

#[tokio::test]
async fn allocations_from_before_a_kill_stay() {
    let mut app = TestApp::start().await;
    let list = app.list_with(&codes("A", 100)).await;
    let bodies: Vec<_> = (0..20)
        .map(|n| json!({"user_id": "u", "request_id": format!("r-{n}")}))
        .collect();
    let mut before = Vec::new();
    for body in &bodies {
        let answer = app.allocate(&list, body).await;
        answer.expect(201);
        before.push(answer.text);
    }
    app.kill();
    app.restart().await;
    for (body, before) in bodies.iter().zip(before) {
        let repeat = app.allocate(&list, body).await;
        repeat.expect(200);
        assert_eq!(repeat.text, before);
    }
    assert_eq!(app.counts(&list).await, (100, 80));
}

/// What clients of a dying server know: who got which code, and who was never answered.
#[derive(Default)]
struct Storm {
    answered: Mutex<Vec<(String, String)>>,
    unanswered: Mutex<Vec<String>>,
}

impl Storm {
    /// Takes code after code until the server is gone.
    async fn client(&self, server: Client, list: &str, name: String) {
        for n in 0.. {
            let user = format!("{name}-{n}");
            let request = server
                .request(reqwest::Method::POST, &format!("/coupon-list/{list}/allocations"))
                .json(&json!({"user_id": user}));
            let Ok(answer) = try_send(request).await else {
                self.unanswered.lock().unwrap().push(user);
                return;
            };
            let code = text(&answer.expect(201)["coupon_code"]).to_owned();
            self.answered.lock().unwrap().push((user, code));
        }
    }

    fn number_answered(&self) -> usize {
        self.answered.lock().unwrap().len()
    }
}

#[tokio::test]
async fn what_was_answered_before_a_kill_is_answered_again_and_nothing_goes_out_twice() {
    let mut app = TestApp::start().await;
    let list = app.list_with(&codes("A", 10_000)).await;
    let storm = Storm::default();
    for round in 0..5 {
        let server: Client = app.clone();
        let clients = join_all((0..16).map(|n| {
            let name = format!("u-{round}-{n}");
            storm.client(server.clone(), &list, name)
        }));
        let enough = storm.number_answered() + 40 * (round + 1);
        let kill = async {
            until("the storm to rage", async || storm.number_answered() >= enough).await;
            app.kill();
        };
        join(clients, kill).await;
        app.restart().await;
    }

    let (answered, unanswered) = (
        storm.answered.into_inner().unwrap(),
        storm.unanswered.into_inner().unwrap(),
    );
    for (user, code) in &answered {
        let again = app.allocate(&list, &json!({"user_id": user})).await.expect(200);
        assert_eq!(again["coupon_code"], *code, "{user}");
    }
    let mut taken: Vec<String> = answered.into_iter().map(|(_, code)| code).collect();
    for user in unanswered {
        let answer = app.allocate(&list, &json!({"user_id": user})).await;
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
        taken.push(text(&answer.expect(answer.status)["coupon_code"]).to_owned());
    }
    assert_all_different(&taken);
    let left = 10_000 - i64::try_from(taken.len()).unwrap();
    assert_eq!(app.counts(&list).await, (10_000, left));
}

#[tokio::test]
async fn a_kill_while_allocations_wait_for_each_other_hands_out_nothing_twice() {
    let mut app = TestApp::start().await;
    let list = app.list_with(&codes("A", 100)).await;
    let held = app.database.hold_gates().await;
    let storm = Storm::default();
    let server: Client = app.clone();
    let clients = join_all((0..16).map(|n| storm.client(server.clone(), &list, format!("u-{n}"))));
    let kill = async {
        until("the allocations to wait", async || {
            app.database.waiting_for_a_lock().await > 0
        })
        .await;
        app.kill();
    };
    join(clients, kill).await;
    assert_eq!(storm.number_answered(), 0);
    held.release().await;
    app.restart().await;

    // Whether a call that nobody waited for went through is open; that each user gets one code is not.
    let mut taken = Vec::new();
    for user in storm.unanswered.into_inner().unwrap() {
        let answer = app.allocate(&list, &json!({"user_id": user})).await;
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
        taken.push(text(&answer.expect(answer.status)["coupon_code"]).to_owned());
    }
    assert_eq!(taken.len(), 16);
    assert_all_different(&taken);
    assert_eq!(app.counts(&list).await, (100, 84));
}

#[tokio::test]
async fn what_an_archive_left_behind_is_removed_after_a_kill() {
    let mut app = TestApp::start().await;
    let all = codes("VANISH", 2000);
    let list = app.list_with(&all).await;
    let held = app.database.hold_block_writes().await;
    app.archive(&list).await;
    app.kill();
    held.release().await;
    app.restart().await;
    assert_eq!(app.counts(&list).await, (0, 0));
    until("no table to hold a code", async || {
        app.database.tables_with_any_of(&all).await.is_empty()
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_told_to_end_ends_well_and_hands_its_load_over() {
    let mut app = TestApp::start().await;
    let host = FileHost::start().await;
    let all = codes("A", 5000);
    let (list, file, gate) = load_at_a_gate(&app, &host, &all).await;
    app.terminate();
    assert!(app.ended().await.success());
    app.restart().await;
    gate.open();
    assert_loaded(&app, &list, &file, &all).await;
}
