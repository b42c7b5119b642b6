//! A load that loses its job while it compares its codes spoils nothing that comes after it on the same connections.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::app::{FileHost, TestApp, codes, csv, text, until};

/// `COUPONRY_TEST_ROUNDS` asks for more.
const ROUNDS: usize = 5;

#[tokio::test]
async fn a_load_that_loses_its_job_while_it_compares_spoils_no_other() {
    let rounds = std::env::var("COUPONRY_TEST_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let app = TestApp::start().await;
    let list = app.create_list().await;
    for base in ["A", "B"] {
        app.load_codes(&list, &codes(base, 4_000)).await;
    }
    let mut all: HashSet<String> = codes("A", 4_000).into_iter().chain(codes("B", 4_000)).collect();
    for round in 0..rounds {
        lose_a_load(&app, &list, round).await;
        // Half of each file is there already.
        for file in ["X", "Y", "Z"] {
            let fresh = codes(&format!("{file}{round}-"), 1_000);
            let known = codes("A", 4_000).into_iter().skip(500 * (round % 6)).take(1_000);
            let whole: Vec<String> = known.chain(fresh.iter().cloned()).collect();
            let loaded = load(&app, &list, &whole).await;
            assert_eq!(loaded["status"], "SUCCESS", "round {round}: {loaded}");
            assert_eq!(loaded["details"]["added"], 1_000, "round {round}: {loaded}");
            assert_eq!(loaded["details"]["duplicates"], 1_000, "round {round}: {loaded}");
            all.extend(fresh);
        }
        // What is handed out at the same time goes to one person each.
        assert_eq!(app.stock(&list).await[0], i64::try_from(all.len()).unwrap());
    }
    assert_eq!(hand_out_everything(&app, &list, all.len()).await, all);
}

/// Uploads a file and deletes it while its codes are being compared with those of the other files.
async fn lose_a_load(app: &TestApp, list: &str, round: usize) {
    let lost = |app: &TestApp| {
        let log = app.output().log_lines();
        log.iter()
            .filter(|line| line.contains("no longer this worker's"))
            .count()
    };
    let lost_before = lost(app);
    let host = FileHost::start().await;
    let held = app.database.hold_block_reads().await;
    let url = host.serve("/lost.csv", csv(&codes(&format!("lost-{round}-"), 2_000)));
    let file = app.upload(list, &url).await;
    until("the comparison to wait", async || {
        app.database.waiting_for_a_lock().await > 0
    })
    .await;
    app.delete(&format!("/coupon-list/{list}/files/{file}"))
        .await
        .expect_nothing();
    until("the worker to hear of it", async || lost(app) > lost_before).await;
    held.release().await;
}

async fn load(app: &TestApp, list: &str, codes: &[String]) -> Value {
    let host = FileHost::start().await;
    app.load(list, &host.serve("/codes.csv", csv(codes))).await
}

async fn hand_out_everything(app: &TestApp, list: &str, number: usize) -> HashSet<String> {
    let mut given = HashSet::new();
    let users: Vec<Value> = (0..number).map(|n| json!({"user_id": format!("u{n}")})).collect();
    for users in users.chunks(5_000) {
        let answer = app
            .allocate_batch(list, &json!({"recipients": users}))
            .await
            .expect(200);
        for one in answer["data"].as_array().unwrap() {
            let code = text(&one["coupon_code"]).to_owned();
            assert!(given.insert(code.clone()), "{code} went to two people");
        }
    }
    given
}
