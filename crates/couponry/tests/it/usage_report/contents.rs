//! What stands in a report, and for which days.

use serde_json::json;

use super::{HEADER, age, app_with_mail, ask, day, download, report};
use crate::app::{FileHost, TestApp, codes, json_lines, text};

/// Rows 17 and 35 of docs/MIGRATING.md.
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
    assert_eq!(codes_in(&download(&app, &ready).await.text), taken);
    app.forget_mails().await;
}

/// Senders say each message's own time; what they say of the campaign is kept once.
#[tokio::test]
async fn each_message_keeps_its_own_time_and_the_campaign_is_one() {
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 4)).await;
    let times = [
        "2026-11-22T10:00:00Z",
        "2026-11-22T10:00:01Z",
        "2026-11-22T10:00:02Z",
    ];
    for (n, time) in times.into_iter().enumerate() {
        let campaign = json!({"id": "c-1", "name": "Spring", "sent_at": time});
        app.allocate(&list, &json!({"user_id": format!("u-{n}"), "campaign": campaign}))
            .await
            .expect(201);
    }
    let timeless = json!({"user_id": "u-3", "campaign": {"id": "c-1", "name": "Spring"}});
    app.allocate(&list, &timeless).await.expect(201);
    let ready = report(&app, &list).await;
    let csv = download(&app, &ready).await.text;
    let sent: Vec<&str> = csv
        .lines()
        .skip(1)
        .map(|row| row.split(',').nth(3).unwrap())
        .collect();
    assert_eq!(
        sent,
        [
            "2026-11-22 10:00:00",
            "2026-11-22 10:00:01",
            "2026-11-22 10:00:02",
            ""
        ]
    );
    let campaigns: i64 = sqlx::query_scalar("select count(*) from campaign")
        .fetch_one(&mut app.database.connect().await)
        .await
        .unwrap();
    assert_eq!(campaigns, 1);
    app.forget_mails().await;
}

/// Row 36 of docs/MIGRATING.md.
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

/// Row 36 of docs/MIGRATING.md.
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

/// Row 35 of docs/MIGRATING.md.
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

/// Row 35 of docs/MIGRATING.md.
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

/// Row 17 of docs/MIGRATING.md.
#[tokio::test]
async fn what_was_handed_out_is_reported_whatever_became_of_list_and_file() {
    let app = TestApp::start().await;
    let (archived, expired, emptied) = (
        app.list_with(&codes("A", 5)).await,
        app.list_with(&codes("B", 5)).await,
        app.create_list().await,
    );
    let file = app.load_codes(&emptied, &codes("C", 5)).await;
    let mut taken = Vec::new();
    for list in [&archived, &expired, &emptied] {
        taken.push(app.take_many(list, "u", 3).await);
    }
    app.archive(&archived).await;
    app.expire(&expired).await;
    app.delete_file(&emptied, &file).await;
    for (list, taken) in [archived, expired, emptied].iter().zip(taken) {
        let ready = report(&app, list).await;
        assert_eq!(codes_in(&download(&app, &ready).await.text), taken);
    }
    app.forget_mails().await;
}

fn codes_in(csv: &str) -> Vec<&str> {
    let rows = csv.lines().skip(1);
    rows.map(|row| row.split(',').nth(6).unwrap()).collect()
}

#[tokio::test]
async fn programs_get_each_text_as_it_was_where_a_spreadsheet_gets_it_marked() {
    let app = TestApp::start().await;
    let list = app.list_with(&["=eq4"]).await;
    let campaign = json!({"id": "'=c", "name": "Gr\u{fc}n; +1", "sent_at": "2026-11-22T10:00:00Z"});
    app.allocate(&list, &json!({"user_id": "@ada", "campaign": campaign}))
        .await
        .expect(201);
    let ready = report(&app, &list).await;
    let csv = download(&app, &ready).await;
    assert!(csv.text.starts_with('\u{feff}'), "{}", csv.text);
    let row = csv.text.lines().nth(1).unwrap();
    assert!(
        row.starts_with(",''=c,Gr\u{fc}n;' +1,2026-11-22 10:00:00,,'@ada,'=eq4,"),
        "{row}"
    );
    let path = format!("/usage-report/{}/download", text(&ready["_id"]));
    let answer = app.get(&format!("{path}?format=json")).await;
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    assert!(
        answer
            .header("content-disposition")
            .unwrap()
            .ends_with(".ndjson\"")
    );
    let rows = json_lines(&answer.text);
    let added = rows[0]["coupon_added_at"].clone();
    assert_eq!(
        rows,
        [
            json!({"channel": null, "campaign_id": "'=c", "campaign_name": "Gr\u{fc}n; +1",
                "campaign_sent_at": "2026-11-22 10:00:00", "delivery_type": null, "user_id": "@ada",
                "coupon_code": "=eq4", "coupon_added_at": added, "coupon_list_label": ready_label(&csv.text)})
        ]
    );
    assert_eq!(app.get(&format!("{path}?format=csv")).await.text, csv.text);
    app.get(&format!("{path}?format=xml"))
        .await
        .expect_error(400, "bad-request");
    app.forget_mails().await;
}

/// The last cell of the first row.
fn ready_label(csv: &str) -> &str {
    csv.lines().nth(1).unwrap().rsplit(',').next().unwrap()
}
