//! `POST` and `GET /v1/coupon-list/{coupon_list_id}/usage-report`, `GET /v1/usage-report/{report_id}` and its download
//! (section 7 and rows 35 to 37 of section 9 of the contract).

use std::io::Read as _;

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Answer, FileHost, MailHost, TestApp, a_list, codes, send, text, texts, wait_for, with};

const HEADER: &str = "Channel,Campaign ID,Campaign Name,Campaign Sent Time,Delivery Type,Moengage ID,Coupon Code,\
                      Coupon Addition Date,Coupon List Label";

async fn app_with_mail() -> (TestApp, MailHost) {
    let mail = MailHost::start().await;
    let app = TestApp::start_with(|environment| mail.relay_for(environment)).await;
    (app, mail)
}

/// A day by the database's clock, so many days from today.
async fn day(app: &TestApp, days: i64) -> String {
    app.database.instant_in(days * 86_400_000).await[..10].to_owned()
}

/// Pretends that the list was made ten days ago.
async fn age(app: &TestApp) {
    sqlx::query("update coupon_list set created_at = created_at - interval '10 days'")
        .execute(&mut app.database.connect().await)
        .await
        .unwrap();
}

async fn ask(app: &TestApp, list: &str, body: &Value) -> Answer {
    app.post(&format!("/coupon-list/{list}/usage-report"), body).await
}

async fn body(app: &TestApp) -> Value {
    json!({"start_date": day(app, -1).await, "end_date": day(app, 0).await, "email_subscribers": ["ann@example.com"]})
}

/// Asks for a report of yesterday and today, and waits until it is no longer pending.
async fn report(app: &TestApp, list: &str) -> Value {
    age(app).await;
    ask(app, list, &body(app).await).await.expect(200);
    wait_for("the report", async || {
        let reports = app
            .get(&format!("/coupon-list/{list}/usage-report"))
            .await
            .expect(200);
        Some(reports["data"][0].clone()).filter(|report| report["status"] != "PENDING")
    })
    .await
}

async fn download(app: &TestApp, report: &Value) -> Answer {
    app.get(&format!("/usage-report/{}/download", text(&report["_id"])))
        .await
}

fn unzipped(bytes: &[u8]) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes)
        .read_to_string(&mut text)
        .unwrap();
    text
}

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

#[tokio::test]
async fn rows_come_by_file_and_ordinal_and_only_of_codes_that_stayed_out() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 700)).await;
    let mut taken = app.take_many(&list, "u", 700).await;
    app.load_codes(&list, &codes("B", 10)).await;
    taken.extend(app.take_many(&list, "v", 3).await);
    app.allocate(&list, &json!({"user_id": "held", "hold_seconds": 600}))
        .await
        .expect(201);
    app.archive(&list).await;
    let ready = report(&app, &list).await;
    let csv = download(&app, &ready).await;
    let reported: Vec<&str> = csv
        .text
        .lines()
        .skip(1)
        .map(|row| row.split(',').nth(6).unwrap())
        .collect();
    assert_eq!(reported, taken);
    app.forget_mails().await;
}

#[tokio::test]
async fn only_the_asked_days_are_reported_and_an_empty_report_is_mailed_too() {
    let (app, mail) = app_with_mail().await;
    let list = app.list_with(&codes("A", 5)).await;
    app.take_many(&list, "u", 5).await;
    age(&app).await;
    sqlx::query("update ledger set allocated_at = allocated_at - (ordinal || ' days')::interval")
        .execute(&mut app.database.connect().await)
        .await
        .unwrap();
    let body = json!({"start_date": day(&app, -3).await, "end_date": day(&app, -2).await,
                      "email_subscribers": ["ann@example.com"]});
    ask(&app, &list, &body).await.expect(200);
    let (_, attached) = mail.nth(1).await.attachment().unwrap();
    assert_eq!(String::from_utf8(attached).unwrap().lines().count(), 3);

    let before = json!({"start_date": day(&app, -9).await, "end_date": day(&app, -8).await,
                        "email_subscribers": ["ann@example.com"]});
    ask(&app, &list, &before).await.expect(200);
    let (_, attached) = mail.nth(2).await.attachment().unwrap();
    assert_eq!(String::from_utf8(attached).unwrap(), format!("{HEADER}\r\n"));
}

#[tokio::test]
async fn no_cell_is_a_formula_and_quoting_survives() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let host = FileHost::start().await;
    let file = "Coupon Code\n=1+1\n@SUM(A1)\n-5\n\"Zoë \"\"x\"\", y\"\n";
    assert_eq!(
        app.load(&list, &host.serve("/codes.csv", file)).await["added_coupons"],
        4
    );
    for n in 0..4 {
        let body =
            json!({"user_id": format!("+{n}"), "campaign": {"id": "=c", "name": "=cmd|' /C calc'!A0"}});
        app.allocate(&list, &body).await.expect(201);
    }
    let ready = report(&app, &list).await;
    let text = download(&app, &ready).await.text;
    let mut found: Vec<String> = Vec::new();
    for row in text.lines().skip(1) {
        for cell in row.split(',') {
            assert!(
                !cell.trim_start_matches('"').starts_with(['=', '+', '-', '@']),
                "{row}"
            );
        }
        found.push(row.to_owned());
    }
    assert!(
        found.iter().any(|row| row.contains("\"Zoë \"\"x\"\", y\"")),
        "{found:?}"
    );
    app.forget_mails().await;
}

#[tokio::test]
async fn locale_and_variation_are_columns_where_they_were_asked_for() {
    let app = TestApp::start_with(|environment| {
        environment.insert("COUPONRY_REPORT_VARIATIONS".to_owned(), "on".to_owned());
    })
    .await;
    let list = app.list_with(&["A-1"]).await;
    let campaign = json!({"id": "c", "locale": "de", "variation": "B"});
    app.allocate(&list, &json!({"user_id": "u", "campaign": campaign}))
        .await
        .expect(201);
    let ready = report(&app, &list).await;
    let csv = download(&app, &ready).await.text;
    let rows: Vec<&str> = csv.lines().collect();
    assert_eq!(rows[0], format!("{HEADER},Locale,Variation"));
    assert!(rows[1].ends_with(",de,B"));
    app.forget_mails().await;
}

/// Ledger rows for this many codes of the list's one file, with users whose ids do not compress.
async fn hand_out_by_hand(app: &TestApp, rows: i64, user_bytes: i64) {
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
async fn a_report_of_nobody_elses_is_seen() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1"]).await;
    let ready = report(&app, &list).await;
    let other = app.create_workspace(&["--name", "Other"]);
    let path = format!("/usage-report/{}", text(&ready["_id"]));
    for path in [
        path.clone(),
        format!("{path}/download"),
        format!("/usage-report/{}", texts::UNKNOWN_ID),
    ] {
        other.get(&path).await.expect_error(404, "not-found");
    }
    send(app.anonymous(Method::GET, &format!("/v1{path}/download")))
        .await
        .expect_error(401, "request-unauthenticated");
    app.forget_mails().await;
}

#[tokio::test]
async fn a_report_that_is_being_built_cannot_be_downloaded_yet() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1"]).await;
    let ready = report(&app, &list).await;
    sqlx::query("update usage_report set status = 'PENDING', ended_at = null, rows = null, bytes = null, gzip_bytes = null")
        .execute(&mut app.database.connect().await)
        .await
        .unwrap();
    download(&app, &ready)
        .await
        .expect_error(409, "usage-report-not-ready");
    app.forget_mails().await;
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

#[tokio::test]
async fn days_are_the_workspaces_zone_s() {
    let app = TestApp::start_with(|environment| {
        // Fourteen hours ahead of UTC: there it is often tomorrow.
        environment.insert("COUPONRY_TIME_ZONE".to_owned(), "Pacific/Kiritimati".to_owned());
    })
    .await;
    let list = app.list_with(&["A-1"]).await;
    app.take(&list, "u").await;
    age(&app).await;
    let there = app.database.instant_in(14 * 3_600_000).await[..10].to_owned();
    let body = json!({"start_date": there, "end_date": there, "email_subscribers": ["ann@example.com"]});
    ask(&app, &list, &body).await.expect(200);
    app.forget_mails().await;
    let reports = app
        .get(&format!("/coupon-list/{list}/usage-report"))
        .await
        .expect(200);
    assert_eq!(reports["data"][0]["rows"], 1);
}

#[tokio::test]
async fn bad_requests_are_told_apart() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let today = day(&app, 0).await;
    let good = json!({"start_date": today, "end_date": today, "email_subscribers": ["ann@example.com"]});
    for key in ["start_date", "end_date", "email_subscribers"] {
        let mut without = good.clone();
        without.as_object_mut().unwrap().remove(key);
        for body in [without, with(good.clone(), json!({key: null}))] {
            let message = ask(&app, &list, &body)
                .await
                .expect_error(400, "missing-mandatory-attributes");
            assert_eq!(
                message,
                format!("Missing mandatory key '{key}'. Please verify and try again.")
            );
        }
    }
    let early = with(good.clone(), json!({"start_date": day(&app, -1).await}));
    assert_eq!(
        ask(&app, &list, &early)
            .await
            .expect_error(400, "invalid-request"),
        "The start date cannot be earlier than the coupon list creation date. Please verify your dates and try again."
    );
    let future = with(good.clone(), json!({"end_date": day(&app, 1).await}));
    assert_eq!(
        ask(&app, &list, &future)
            .await
            .expect_error(400, "invalid-request"),
        "The end date cannot be set in the future. Please verify the dates and try again."
    );
    for change in [
        json!({"end_date": day(&app, -1).await}),
        json!({"start_date": "2026-02-30"}),
        json!({"start_date": format!("{today}T00:00:00")}),
        json!({"start_date": 20_261_101}),
        json!({"end_date": ""}),
        json!({"email_subscribers": []}),
        json!({"email_subscribers": "ann@example.com"}),
        json!({"email_subscribers": ["ann"]}),
        json!({"email_subscribers": ["ann@example.com\r\nBcc: eve@example.com"]}),
        json!({"email_subscribers": [1]}),
        json!({"email_subscribers": vec!["a@example.com,b@example.com"]}),
    ] {
        ask(&app, &list, &with(good.clone(), change))
            .await
            .expect_error(400, "invalid-request");
    }
    ask(&app, texts::UNKNOWN_ID, &good)
        .await
        .expect_error(404, "coupon-list-not-found");
    let thousand: Vec<&str> = std::iter::repeat_n("ann@example.com", 1000).collect();
    ask(&app, &list, &with(good, json!({"email_subscribers": thousand})))
        .await
        .expect(200);
    app.forget_mails().await;
}
