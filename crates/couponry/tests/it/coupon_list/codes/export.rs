//! `GET /v1/coupon-list/{coupon_list_id}/codes/export`

use serde_json::json;

use crate::app::{FileHost, TestApp, codes, sorted, text, texts};

const HEADER: &str = "Coupon Code,Status\r\n";

async fn export(app: &TestApp, list: &str) -> String {
    let answer = app.get(&format!("/coupon-list/{list}/codes/export")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let disposition = answer.header("content-disposition").unwrap();
    assert!(disposition.starts_with("attachment"), "{disposition}");
    answer.text
}

/// The lines after the header, sorted.
fn rows(export: &str) -> Vec<String> {
    let rows = export.strip_prefix(HEADER).unwrap();
    assert!(rows.is_empty() || rows.ends_with("\r\n"), "{rows:?}");
    sorted(rows.split_terminator("\r\n"))
}

#[tokio::test]
async fn exactly_the_codes_that_nobody_has_are_exported() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let (good, bad) = (codes("A", 8), codes("B", 4));
    app.load_codes(&list, &good).await;
    let taken = app.take_many(&list, "u", 3).await;
    app.disable(&list, &taken[0]).await.expect(200);
    let held = app.hold(&list, "held").await;
    let redeemed = app.take(&list, "redeemed").await;
    app.redeem(&list, &redeemed, &json!({})).await.expect(200);
    let back = app.give(&list, "back").await;
    app.release(&list, &back).await.expect(200);
    let out = [
        taken[1].as_str(),
        &taken[2],
        text(&held["coupon_code"]),
        &redeemed,
    ];
    let second = app.load_codes(&list, &bad).await;
    app.quarantine(&list, &second).await;
    app.disable(&list, &bad[1]).await.expect(200);

    let mut expected = Vec::new();
    for code in good.iter().filter(|code| !out.contains(&code.as_str())) {
        let status = if *code == taken[0] {
            "DISABLED"
        } else {
            "AVAILABLE"
        };
        expected.push(format!("{code},{status}"));
    }
    for (n, code) in bad.iter().enumerate() {
        let status = if n == 1 { "DISABLED" } else { "QUARANTINED" };
        expected.push(format!("{code},{status}"));
    }
    assert_eq!(rows(&export(&app, &list).await), sorted(expected));
    assert_eq!(app.stock(&list).await, [12, 3, 1, 3, 2, 3]);
}

#[tokio::test]
async fn a_hold_that_ran_out_is_nobodys_also_before_it_is_booked() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let all = codes("A", 4);
    let file = app.load_codes(&list, &all).await;
    app.hold(&list, "u").await;
    app.hold(&list, "v").await;
    app.database.let_holds_run_out().await;
    let with = |status: &str| sorted(all.iter().map(|code| format!("{code},{status}")));
    assert_eq!(rows(&export(&app, &list).await), with("AVAILABLE"));
    app.quarantine(&list, &file).await;
    assert_eq!(rows(&export(&app, &list).await), with("QUARANTINED"));
}

#[tokio::test]
async fn what_is_exported_can_be_uploaded_into_another_list() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let odd = ["A,B", "say \"hi\"", "=1+1", "Grüße ✓", "a b", "-2", "@x"];
    let rows: Vec<String> = odd
        .iter()
        .map(|code| format!("\"{}\"", code.replace('"', "\"\"")))
        .collect();
    let list = app.list_with(&rows).await;
    let exported = export(&app, &list).await;
    let other = app.create_list().await;
    let file = app
        .load(&other, &host.serve("/again.csv", exported.clone()))
        .await;
    assert_eq!(
        (&file["status"], &file["added_coupons"]),
        (&"SUCCESS".into(), &odd.len().into())
    );
    assert_eq!(sorted(app.take_many(&other, "u", odd.len()).await), sorted(odd));
}

#[tokio::test]
async fn a_long_list_is_exported_whole() {
    let app = TestApp::start().await;
    // More blocks than are read at once.
    let all: Vec<String> = (0..20_000).map(|n| format!("{n:0>120}")).collect();
    let list = app.list_with(&all).await;
    let taken = app.take_many(&list, "u", 1_001).await;
    let exported = rows(&export(&app, &list).await);
    let mut found: Vec<String> = exported
        .iter()
        .map(|row| row.strip_suffix(",AVAILABLE").unwrap().to_owned())
        .collect();
    found.extend(taken);
    assert_eq!(sorted(found), all);
}

#[tokio::test]
async fn of_a_list_that_is_empty_archived_or_expired_only_the_header_is_left() {
    let app = TestApp::start().await;
    let empty = app.create_list().await;
    let (used_up, archived, expired) = (
        app.list_with(&["A-1"]).await,
        app.list_with(&codes("A", 3)).await,
        app.list_with(&codes("A", 3)).await,
    );
    let deleted = app.create_list().await;
    let file = app.load_codes(&deleted, &codes("A", 3)).await;
    app.take(&used_up, "u").await;
    app.archive(&archived).await;
    app.expire(&expired).await;
    app.delete_file(&deleted, &file).await;
    for list in [&empty, &used_up, &archived, &expired, &deleted] {
        assert_eq!(export(&app, list).await, HEADER);
    }
    app.get(&format!("/coupon-list/{}/codes/export", texts::UNKNOWN_ID))
        .await
        .expect_error(404, "coupon-list-not-found");
}
