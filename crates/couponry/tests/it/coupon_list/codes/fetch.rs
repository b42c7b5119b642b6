//! `GET /v1/coupon-list/{coupon_list_id}/codes/{code}`

use serde_json::{Value, json};

use crate::app::{FileHost, TestApp, code_path, codes, csv, shape, text, texts};

const PASSPORT: &str = "coupon_code,coupon_list_id,status,file{_id,name,created_by},position";

#[tokio::test]
async fn a_passport_tells_where_a_code_comes_from() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let url = host.serve("/may.csv", csv(&codes("A", 3)));
    let body = json!({"file_url": url, "name": "May", "created_by": "Jane"});
    let file = app.upload_from(&list, &body).await;
    app.finished(&list, &file).await;
    let mut positions = Vec::new();
    for code in codes("A", 3) {
        let answer = app.passport(&list, &code).await;
        let passport = answer.expect(200);
        assert_eq!(
            shape(&answer.text),
            format!("{{{PASSPORT},history[{{at,event}}],allocation,redemption}}")
        );
        let origin = json!({"_id": file, "name": "May", "created_by": "Jane"});
        assert_eq!(passport["file"], origin);
        assert_eq!(
            (&passport["coupon_code"], &passport["coupon_list_id"]),
            (&json!(code), &json!(list))
        );
        assert_eq!(
            (&passport["status"], &passport["allocation"]),
            (&json!("AVAILABLE"), &Value::Null)
        );
        assert_eq!(passport["redemption"], Value::Null);
        positions.push((passport["position"].as_i64().unwrap(), code));
    }
    // The position is the place in the order in which they go out.
    positions.sort();
    assert_eq!(
        positions
            .iter()
            .map(|(position, _)| *position)
            .collect::<Vec<_>>(),
        [1, 2, 3]
    );
    for (position, code) in positions {
        assert_eq!(app.take(&list, &format!("u-{position}")).await, code);
    }
}

#[tokio::test]
async fn a_passport_says_what_a_code_is_now_and_what_it_was() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let file = app.load_codes(&list, &["A-1"]).await;
    let seen = async |status: &str, history: &[&str]| {
        assert_eq!(app.code_status(&list, "A-1").await, status);
        assert_eq!(app.history(&list, "A-1").await, [&["ADDED"], history].concat());
    };
    seen("AVAILABLE", &[]).await;
    app.quarantine(&list, &file).await;
    seen("QUARANTINED", &[]).await;
    app.resume(&list, &file).await;
    let held = app.hold(&list, "u").await;
    seen("HELD", &["ALLOCATED"]).await;
    assert_eq!(app.passport(&list, "A-1").await.expect(200)["allocation"], held);
    app.release(&list, &held).await.expect(200);
    seen("AVAILABLE", &["ALLOCATED", "RELEASED"]).await;
    assert_eq!(
        app.passport(&list, "A-1").await.expect(200)["allocation"],
        Value::Null
    );
    app.quarantine(&list, &file).await;
    seen("QUARANTINED", &["ALLOCATED", "RELEASED"]).await;
    app.resume(&list, &file).await;
    let held = app.hold(&list, "v").await;
    let confirmed = app.confirm(&list, &held).await.expect(200);
    let history = ["ALLOCATED", "RELEASED", "ALLOCATED", "CONFIRMED"];
    seen("ALLOCATED", &history).await;
    // A quarantine does not concern whoever has the code.
    app.quarantine(&list, &file).await;
    seen("ALLOCATED", &history).await;
    assert_eq!(
        app.passport(&list, "A-1").await.expect(200)["allocation"],
        confirmed
    );
    let body = json!({"redemption_id": "order-1", "metadata": {"shop": "Berlin"}});
    let redeemed = app.redeem(&list, "A-1", &body).await.expect(200);
    seen("REDEEMED", &[&history[..], &["REDEEMED"]].concat()).await;
    assert_eq!(app.passport(&list, "A-1").await.expect(200), redeemed);
    assert_eq!(redeemed["allocation"]["status"], "REDEEMED");
    assert_eq!(redeemed["redemption"]["redemption_id"], "order-1");
    assert_eq!(redeemed["redemption"]["metadata"], json!({"shop": "Berlin"}));
    let at: Vec<&str> = redeemed["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| text(&entry["at"]))
        .collect();
    assert!(at.is_sorted(), "{at:?}");
    assert_eq!(at[1..][2], text(&confirmed["allocated_at"]));
    assert_eq!(*at.last().unwrap(), text(&redeemed["redemption"]["redeemed_at"]));
}

#[tokio::test]
async fn a_disabled_code_says_so_whoever_had_it() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let file = app.load_codes(&list, &codes("A", 3)).await;
    let given = app.give(&list, "u").await;
    let back = app.give(&list, "v").await;
    app.release(&list, &back).await.expect(200);
    app.quarantine(&list, &file).await;
    for code in codes("A", 3) {
        let disabled = app.disable(&list, &code).await.expect(200);
        assert_eq!(disabled["status"], "DISABLED");
        assert_eq!(app.passport(&list, &code).await.expect(200), disabled);
        let history = app.history(&list, &code).await;
        assert_eq!(history.last().unwrap(), "DISABLED");
        assert_eq!(history.iter().filter(|event| *event == "DISABLED").count(), 1);
    }
    let given = app.history(&list, text(&given["coupon_code"])).await;
    assert_eq!(given, ["ADDED", "ALLOCATED", "DISABLED"]);
}

#[tokio::test]
async fn codes_of_any_characters_are_found() {
    let app = TestApp::start().await;
    let odd = [
        "A/B",
        "A//B/",
        "50%",
        "%41",
        "%2F",
        "A+B",
        "A B",
        "Grüße ✓",
        "日本",
        "a?b=c#d",
        "A&B;C,D",
        "\"q\"",
        "=1+1",
        "A\\B",
        "..%2f..",
        "x..",
        "redeem",
        "~._-!$'()*:@",
    ];
    let rows: Vec<String> = odd
        .iter()
        .map(|code| format!("\"{}\"", code.replace('"', "\"\"")))
        .collect();
    let list = app.list_with(&rows).await;
    for code in odd {
        let passport = app.passport(&list, code).await.expect(200);
        assert_eq!(passport["coupon_code"], code);
    }
    // Encoded more than is needed, or less.
    for (path, code) in [
        ("A%2BB", "A+B"),
        ("A+B", "A+B"),
        ("%41%2f%42", "A/B"),
        ("%e6%97%a5%E6%9C%AC", "日本"),
    ] {
        let passport = app
            .get(&format!("/coupon-list/{list}/codes/{path}"))
            .await
            .expect(200);
        assert_eq!(passport["coupon_code"], code);
    }
    for user in 0..odd.len() {
        let code = app.take(&list, &format!("u-{user}")).await;
        app.redeem(&list, &code, &json!({})).await.expect(200);
        assert_eq!(app.code_status(&list, &code).await, "REDEEMED");
    }
}

/// As they are read from a file.
#[tokio::test]
async fn blanks_round_a_code_do_not_matter_wherever_it_is_named() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1", "A-2"]).await;
    let round = |code: &str| format!(" \t{code}\u{a0}\u{200b}");
    let passport = app.passport(&list, &round("A-1")).await.expect(200);
    assert_eq!(passport["coupon_code"], "A-1");
    let everywhere = app.get(&code_path("", &round("A-1"))).await.expect(200);
    assert_eq!(everywhere["data"][0]["coupon_code"], "A-1");
    let code = app.take(&list, "ada").await;
    let redeemed = app.redeem(&list, &round(&code), &json!({})).await.expect(200);
    assert_eq!(
        (&redeemed["coupon_code"], &redeemed["status"]),
        (&json!(code), &json!("REDEEMED"))
    );
    let other = if code == "A-1" { "A-2" } else { "A-1" };
    let disable = code_path(&format!("/coupon-list/{list}"), &round(other)) + "/disable";
    let disabled = app.post(&disable, &json!({})).await.expect(200);
    assert_eq!(disabled["coupon_code"], other);
}

#[tokio::test]
async fn what_is_no_code_of_the_list_is_not_found() {
    let app = TestApp::start().await;
    let (list, other) = (app.list_with(&["A-1"]).await, app.list_with(&["B-1"]).await);
    let failed = FileHost::start().await;
    app.load(&other, &failed.serve("/bad.csv", "no header\nC-1"))
        .await;
    let long = "x".repeat(256);
    for code in [
        "B-1", "a-1", "A%20-1", "A-10", "A", "C-1", &long, "%00", "%ff", "%0A", "%20",
    ] {
        app.get(&format!("/coupon-list/{list}/codes/{code}"))
            .await
            .expect_error(404, "not-found");
        for verb in ["redeem", "disable"] {
            let path = format!("/coupon-list/{list}/codes/{code}/{verb}");
            app.post(&path, &json!({})).await.expect_error(404, "not-found");
        }
    }
    let stranger = app.create_workspace(&["--name", "Other"]);
    for answer in [
        stranger.passport(&list, "A-1").await,
        app.passport(texts::UNKNOWN_ID, "A-1").await,
    ] {
        answer.expect_error(404, "coupon-list-not-found");
    }
}

#[tokio::test]
async fn of_what_was_deleted_archived_or_expired_only_codes_that_somebody_has_are_found() {
    let app = TestApp::start().await;
    let all = codes("A", 5);
    let (deleted, archived, expired) = (
        app.create_list().await,
        app.list_with(&all).await,
        app.list_with(&all).await,
    );
    let file = app.load_codes(&deleted, &all).await;
    let mut taken = Vec::new();
    for list in [&deleted, &archived, &expired] {
        taken.push(app.take(list, "u").await);
    }
    app.delete_file(&deleted, &file).await;
    app.archive(&archived).await;
    app.expire(&expired).await;
    for _ in 0..2 {
        for (list, taken) in [&deleted, &archived, &expired].into_iter().zip(&taken) {
            for code in &all {
                let answer = app.passport(list, code).await;
                if code == taken {
                    assert_eq!(answer.expect(200)["status"], "ALLOCATED");
                } else {
                    answer.expect_error(404, "not-found");
                }
            }
        }
        // The same once everything has been cleared away.
        app.jobs_done().await;
    }
    for list in [&deleted, &archived] {
        for code in all.iter().filter(|code| !taken.contains(code)) {
            app.disable(list, code).await.expect_error(404, "not-found");
        }
    }
    for (list, code) in [&deleted, &archived, &expired].into_iter().zip(&taken) {
        app.redeem(list, code, &json!({})).await.expect(200);
    }
}
