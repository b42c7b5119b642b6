//! What may stand in a coupon file, and what becomes of what may not.

mod bad;
mod good;

use serde_json::{Value, json};

use crate::app::{FileHost, Page, TestApp, sorted};

/// What becomes of a file.
enum Outcome {
    /// These codes, and nothing to tell.
    Loads(Vec<String>),
    /// These codes, this many duplicates, and these rows left out by line and reason.
    LeavesOut(Vec<String>, u64, Vec<(u64, &'static str)>),
    /// Nothing, for a reason that begins like this.
    Fails(&'static str),
}

use Outcome::{Fails, LeavesOut, Loads};

struct Case(&'static str, Page, Outcome);

fn case(what: &'static str, bytes: impl Into<Vec<u8>>, outcome: Outcome) -> Case {
    Case(what, Page::File(bytes.into()), outcome)
}

fn these<T: AsRef<str>>(codes: &[T]) -> Vec<String> {
    sorted(codes)
}

/// Loads each file into a list of its own, all at once, and looks at what came of it.
async fn check(cases: Vec<Case>) {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let mut loads = Vec::new();
    for (n, Case(what, page, outcome)) in cases.into_iter().enumerate() {
        let list = app.create_list().await;
        let file = app.upload(&list, &host.answer(&format!("/{n}.csv"), page)).await;
        loads.push((what, outcome, list, file));
    }
    for (what, outcome, list, file) in loads {
        let file = app.finished(&list, &file).await;
        let codes = match outcome {
            Loads(codes) => {
                assert_eq!(file["status"], "SUCCESS", "{what}: {file}");
                assert_eq!(file.get("details"), None, "{what}");
                codes
            }
            LeavesOut(codes, duplicates, rejected) => {
                assert_eq!(file["status"], "SUCCESS", "{what}: {file}");
                assert_details(what, &file, codes.len(), duplicates, &rejected);
                codes
            }
            Fails(reason) => {
                assert_eq!(file["status"], "FAILED", "{what}: {file}");
                let said = file["details"]["reason"].as_str().unwrap();
                assert!(said.starts_with(reason), "{what}: {said}");
                Vec::new()
            }
        };
        assert_eq!(file["added_coupons"], codes.len(), "{what}");
        let number = i64::try_from(codes.len()).unwrap();
        assert_eq!(app.counts(&list).await, (number, number), "{what}");
        if !codes.is_empty() {
            let taken = app.take_many(&list, "u", codes.len()).await;
            assert_eq!(sorted(taken), codes, "{what}");
        }
        app.allocate(&list, &json!({"user_id": "one more"}))
            .await
            .expect_error(409, "coupons-exhausted");
    }
}

#[track_caller]
fn assert_details(what: &str, file: &Value, added: usize, duplicates: u64, rejected: &[(u64, &str)]) {
    let details = &file["details"];
    assert_eq!(details["added"], added, "{what}: {details}");
    assert_eq!(details["duplicates"], duplicates, "{what}: {details}");
    assert_eq!(details["rejected"], rejected.len(), "{what}: {details}");
    let named: Vec<Value> = rejected
        .iter()
        .map(|(line, reason)| json!({"line": line, "reason": reason}))
        .collect();
    assert_eq!(details["rejections"], json!(named), "{what}");
}
