//! How a report reaches those who asked for it.

use std::io::Read as _;

use reqwest::Method;
use serde_json::json;

use super::{HEADER, age, app_with_mail, ask, body, day, download, report};
use crate::app::{MailHost, TestApp, a_list, codes, send, text, wait_for, with};

fn unzipped(bytes: &[u8]) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes)
        .read_to_string(&mut text)
        .unwrap();
    text
}

/// Rows 35 and 37 of docs/MIGRATING.md.
#[tokio::test]
async fn a_report_arrives_whole_by_mail_and_can_be_downloaded() {
    let (app, mail) = app_with_mail().await;
    let made = with(a_list(), json!({"label": "OnboardingDiscount"}));
    let list = app.create_list_from(&made).await;
    app.load_codes(&list, &["ABCD965210"]).await;
    let campaign = json!({"id": "c-12", "name": "New, \"User\" Discount", "channel": "Email",
                          "delivery_type": "Event Triggered", "sent_at": "2026-11-22T10:00:00Z"});
    app.allocate(&list, &json!({"user_id": "u-81", "campaign": campaign}))
        .await
        .expect(201);
    let ready = report(&app, &list).await;
    assert_eq!((&ready["status"], &ready["rows"]), (&json!("READY"), &json!(1)));

    let csv = download(&app, &ready).await;
    assert_eq!(csv.status, 200);
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(
        csv.text.len(),
        usize::try_from(ready["bytes"].as_u64().unwrap()).unwrap()
    );
    let added = &csv.text.split(',').rev().nth(1).unwrap()[..10].to_owned();
    assert_eq!(*added, day(&app, 0).await);
    let rows: Vec<&str> = csv.text.split("\r\n").collect();
    assert_eq!((rows.len(), rows[0], rows[2]), (3, HEADER, ""));
    assert!(rows[1].starts_with(
        "Email,c-12,\"New, \"\"User\"\" Discount\",2026-11-22 10:00:00,Event Triggered,u-81,ABCD965210,"
    ));
    assert!(rows[1].ends_with(",OnboardingDiscount"));

    let letter = mail.mail_about("Usage report of ").await;
    assert_eq!(letter.to, ["ann@example.com"]);
    let (name, attached) = letter.attachment().unwrap();
    let (from, until) = (text(&ready["start_date"]), text(&ready["end_date"]));
    assert_eq!(
        name,
        format!("usage-report-OnboardingDiscount-{from}-{until}.csv")
    );
    assert_eq!(String::from_utf8(attached).unwrap(), csv.text);
    app.jobs_done().await;
    let path = format!("/usage-report/{}", text(&ready["_id"]));
    assert!(app.get(&path).await.expect(200)["mailed_at"].is_string());
}

/// Ledger rows for this many codes of the list's one file, with users whose ids do not compress.
pub(crate) async fn hand_out_by_hand(app: &TestApp, rows: i64, user_bytes: i64) {
    sqlx::query(
        "insert into ledger (list_id, file_id, ordinal, turn, code, request_key, user_id, allocated_at)
         select list_id, file_id, n, 0, 'CODE-' || n, gen_random_uuid(),
                (select string_agg(md5(random()::text || n || k), '') from generate_series(1, $2::int / 32) k),
                clock_timestamp()
         from coupon_file, generate_series(0, $1 - 1) n",
    )
    .bind(rows)
    .bind(user_bytes)
    .execute(&mut app.database.connect().await)
    .await
    .unwrap();
}

/// Row 35 of docs/MIGRATING.md.
#[tokio::test]
async fn a_large_report_is_attached_compressed() {
    let (app, mail) = app_with_mail().await;
    let list = app.list_with(&codes("A", 10)).await;
    hand_out_by_hand(&app, 100_000, 32).await;
    let ready = report(&app, &list).await;
    assert_eq!(ready["rows"], 100_000);
    let (name, attached) = mail.nth(1).await.attachment().unwrap();
    assert!(name.ends_with(".csv.gz"), "{name}");
    let csv = unzipped(&attached);
    assert_eq!(csv.lines().count(), 100_001);
    assert_eq!(download(&app, &ready).await.text, csv);

    let path = format!("/usage-report/{}/download", text(&ready["_id"]));
    let request = app.request(Method::GET, &path).header("accept-encoding", "gzip");
    let compressed = request.send().await.unwrap();
    assert_eq!(compressed.headers()["content-encoding"], "gzip");
    assert_eq!(compressed.bytes().await.unwrap(), attached);
}

/// Row 35 of docs/MIGRATING.md.
#[tokio::test]
async fn a_huge_report_is_mailed_as_a_link_that_opens_without_a_password_and_cannot_be_bent() {
    let (app, mail) = app_with_mail().await;
    let list = app.list_with(&codes("A", 10)).await;
    hand_out_by_hand(&app, 170_000, 256).await;
    let ready = report(&app, &list).await;
    let letter = mail.nth(1).await;
    assert!(letter.attachment().is_none());
    let plain = letter.text("text/plain");
    let link = plain.lines().find(|line| line.starts_with("http")).unwrap();
    assert!(
        letter.text("text/html").contains(&link.replace('&', "&#38;")),
        "{link}"
    );
    let path = &link[link.find("/v1/").unwrap()..];
    let opened = send(app.anonymous(Method::GET, path)).await;
    assert_eq!(opened.status, 200);
    assert_eq!(opened.text.lines().count(), 170_001);
    assert_eq!(
        opened.text.len(),
        usize::try_from(ready["bytes"].as_u64().unwrap()).unwrap()
    );

    // Relays that count clicks add names of their own; others are told.
    let counted = send(app.anonymous(Method::GET, &format!("{path}&utm_source=mail"))).await;
    assert_eq!(counted.status, 200, "{counted:?}");
    let misnamed = send(app.anonymous(Method::GET, &format!("{path}&formt=json"))).await;
    assert_eq!(misnamed.status, 400, "{misnamed:?}");

    let other = text(&report(&app, &list).await["_id"]).to_owned();
    let until_later = path.replace("expires=1", "expires=2");
    for bent in [
        path.replace(text(&ready["_id"]), &other),
        until_later,
        path.replace("signature=", "signature=0"),
        path.replace("signature=", "signature=&x="),
    ] {
        assert_ne!(bent, path);
        send(app.anonymous(Method::GET, &bent))
            .await
            .expect_error(404, "not-found");
    }
    app.jobs_done().await;
}

#[tokio::test]
async fn a_server_killed_while_it_builds_leaves_a_report_that_is_built_after_its_start() {
    let (mut app, mail) = app_with_mail().await;
    let list = app.list_with(&codes("A", 10)).await;
    hand_out_by_hand(&app, 50_000, 128).await;
    age(&app).await;
    ask(&app, &list, &body(&app).await).await.expect(200);
    let mut session = app.database.connect().await;
    wait_for("the report to begin", async || {
        let running: bool = sqlx::query_scalar(
            "select exists (select from job where kind = 'build_report' and state <> 'ready')",
        )
        .fetch_one(&mut session)
        .await
        .unwrap();
        running.then_some(())
    })
    .await;
    app.kill();
    app.restart().await;
    let (_, attached) = mail.nth(1).await.attachment().unwrap();
    assert_eq!(unzipped(&attached).lines().count(), 50_001);
    app.jobs_done().await;
}

/// Rows 35 and 37 of docs/MIGRATING.md.
#[tokio::test]
async fn each_who_was_named_gets_one_message() {
    let (app, mail) = app_with_mail().await;
    let list = app.list_with(&["A-1"]).await;
    let mut named = vec!["ann@example.com"; 999];
    named.push("bob@example.com");
    let body = with(body(&app).await, json!({"email_subscribers": named}));
    age(&app).await;
    ask(&app, &list, &body).await.expect(200);
    mail.nth(2).await;
    app.jobs_done().await;
    let mut to: Vec<_> = mail.mails().into_iter().map(|mail| mail.to).collect();
    to.sort();
    assert_eq!(to, [["ann@example.com"], ["bob@example.com"]]);
}

/// Row 37 of docs/MIGRATING.md.
#[tokio::test]
async fn without_a_relay_a_report_can_be_downloaded_and_its_mail_waits() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1"]).await;
    app.take(&list, "u").await;
    let ready = report(&app, &list).await;
    assert_eq!(
        (&ready["status"], &ready["mailed_at"]),
        (&json!("READY"), &json!(null))
    );
    assert_eq!(download(&app, &ready).await.text.lines().count(), 2);
    // Right credentials open it with a link that does not.
    let path = format!("/usage-report/{}/download", text(&ready["_id"]));
    for link in ["?expires=1&signature=00", "?signature="] {
        assert_eq!(app.get(&format!("{path}{link}")).await.status, 200, "{link}");
        send(app.anonymous(Method::GET, &format!("/v1{path}{link}")))
            .await
            .expect_error(404, "not-found");
    }

    let mail = MailHost::start().await;
    let with_relay = app
        .another_server_with(|environment| mail.relay_for(environment))
        .await;
    assert_eq!(mail.nth(1).await.to, ["ann@example.com"]);
    app.jobs_done().await;
    drop(with_relay);
}
