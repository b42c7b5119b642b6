//! Files that loaded or failed, expiries that come near, and how the mails of all alerts travel.

use serde_json::json;

use super::{alert_below, app_with_mail, assert_well_formed, subscribed, subscribed_by, watched};
use crate::app::{FileHost, MailHost, TestApp, codes, csv, text, until, with};

#[tokio::test]
async fn a_loaded_file_is_told_with_its_counts() {
    let (app, mail) = app_with_mail().await;
    let list = app
        .create_list_from(&subscribed(json!({"success_alert": true})))
        .await;
    let host = FileHost::start().await;
    let url = host.serve(
        "/may.csv",
        "Coupon Code\nA-1\nA-2\nA-1\nbad\u{1}code\nA-3\nA-4\nA-5\nA-6\nA-7\nA-8\nA-9\n",
    );
    app.load(&list, &url).await;
    let told = mail.mail_about("Loaded into").await;
    assert_well_formed(&told);
    let plain = told.text("text/plain");
    for line in [
        "File: may.csv",
        "Codes added: 9",
        "Duplicates left out: 1",
        "Rows rejected: 1",
    ] {
        assert!(plain.contains(line), "{plain}");
    }
    app.jobs_done().await;
    assert_eq!(mail.mails().len(), 1);
}

#[tokio::test]
async fn each_subscriber_gets_a_mail_of_their_own() {
    let (app, mail) = app_with_mail().await;
    let named = ["jane@example.com", "joe@example.com"];
    let list = app
        .create_list_from(&subscribed_by(&named, json!({"success_alert": true})))
        .await;
    app.load_codes(&list, &codes("A", 3)).await;
    mail.nth(2).await;
    app.jobs_done().await;
    let mut mails = mail.mails();
    mails.sort_by_key(|mail| mail.to.clone());
    assert_eq!(mails.len(), 2);
    for (told, name) in mails.iter().zip(named) {
        assert_eq!(told.to, [name]);
        assert_eq!(told.header("To").as_deref(), Some(name));
    }
    assert_ne!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
}

#[tokio::test]
async fn a_failed_file_is_told_with_its_reason() {
    let (app, mail) = app_with_mail().await;
    let list = app
        .create_list_from(&subscribed(json!({"failure_alert": true})))
        .await;
    let host = FileHost::start().await;
    app.load(&list, &host.serve("/june.csv", "Nothing\n")).await;
    let told = mail.mail_about("Not loaded into").await;
    assert_well_formed(&told);
    assert!(
        told.text("text/plain")
            .contains("Reason: header 'Coupon Code' not found")
    );
    // It may be a code.
    assert!(!told.text("text/plain").contains("Nothing"));
    // Success is not asked for.
    app.load(&list, &host.serve("/july.csv", csv(&["A-1"]))).await;
    app.jobs_done().await;
    assert_eq!(mail.mails().len(), 1);
}

/// Row 40 of docs/MIGRATING.md.
#[tokio::test]
async fn an_expiry_is_reminded_of_once_a_day_from_the_day_that_was_asked_for() {
    let (app, mail) = app_with_mail().await;
    let alert = json!({"expiry_alert": {"alert": true, "days_before": 3}});
    let day = async |days: i64| app.database.instant_in(days * 86_400_000).await[..10].to_owned();
    let expiring = async |days| {
        let body = with(subscribed(alert.clone()), json!({"expires_at": day(days).await}));
        app.create_list_from(&body).await
    };
    expiring(4).await;
    let near = expiring(3).await;
    let name = app.list(&near).await["name"].clone();
    let told = mail.nth(1).await;
    assert_well_formed(&told);
    assert_eq!(told.subject(), format!("Expires in 3 days: {}", text(&name)));
    watched(&app).await;
    app.jobs_done().await;
    assert_eq!(mail.mails().len(), 1, "once a day");

    // The next day comes.
    sqlx::query("update list_watch set reminded_on = reminded_on - 1")
        .execute(&mut app.database.connect().await)
        .await
        .unwrap();
    mail.nth(2).await;
    expiring(0).await;
    mail.mail_about("Expires today: ").await;
}

#[tokio::test]
async fn a_relay_that_is_away_loses_nothing_and_slows_nothing() {
    let (app, mail) = app_with_mail().await;
    mail.be_away(true);
    let list = app
        .create_list_from(&subscribed(json!({"success_alert": true})))
        .await;
    app.load_codes(&list, &codes("A", 3)).await;
    mail.turned_somebody_away().await;
    app.take(&list, "u").await;
    app.load_codes(&list, &codes("B", 3)).await;
    mail.be_away(false);
    mail.nth(2).await;
    app.jobs_done().await;
    assert_eq!(mail.mails().len(), 2);
}

#[tokio::test]
async fn a_relay_that_is_away_is_one_line_in_the_log_however_many_mails_wait() {
    let (app, mail) = app_with_mail().await;
    mail.be_away(true);
    let named: Vec<String> = (0..8).map(|n| format!("n{n}@example.com")).collect();
    let named: Vec<&str> = named.iter().map(String::as_str).collect();
    let list = app
        .create_list_from(&subscribed_by(&named, json!({"success_alert": true})))
        .await;
    app.load_codes(&list, &codes("A", 3)).await;
    let mut session = app.database.connect().await;
    until("each mail to be tried twice", async || {
        let tried: i64 =
            sqlx::query_scalar("select count(*) from job where kind = 'send_mail' and failures >= 2")
                .fetch_one(&mut session)
                .await
                .unwrap();
        tried == 8
    })
    .await;
    mail.be_away(false);
    mail.nth(8).await;
    app.jobs_done().await;
    let lines = |text: &str| {
        let log = app.output().log_lines();
        log.iter().filter(|line| line.contains(text)).count()
    };
    until("the log to say that the relay is back", async || {
        lines("the mail relay takes mails again") == 1
    })
    .await;
    assert_eq!(lines("mails wait for the relay"), 1);
    assert_eq!(lines("tried again"), 0);
    assert_eq!(mail.mails().len(), 8);
}

#[tokio::test]
async fn a_server_that_is_killed_before_a_mail_sends_it_after_its_start() {
    let (mut app, mail) = app_with_mail().await;
    mail.be_away(true);
    let list = app.create_list_from(&subscribed(alert_below(5))).await;
    app.load_codes(&list, &codes("A", 3)).await;
    mail.turned_somebody_away().await;
    app.kill();
    mail.be_away(false);
    app.restart().await;
    mail.nth(1).await;
    app.jobs_done().await;
    assert_eq!(mail.mails().len(), 1);
}

#[tokio::test]
async fn an_address_that_is_refused_keeps_nobody_else_from_the_mail() {
    let (app, mail) = app_with_mail().await;
    mail.refuse("jane@example.com", "550 no such mailbox jane@example.com");
    let list = app
        .create_list_from(&subscribed_by(
            &["jane@example.com", "joe@example.com"],
            json!({"success_alert": true}),
        ))
        .await;
    app.load_codes(&list, &codes("A", 3)).await;
    let told = mail.nth(1).await;
    assert_eq!(told.to, ["joe@example.com"]);
    let mut session = app.database.connect().await;
    until("the refused mail to be given up", async || {
        let given_up: i64 =
            sqlx::query_scalar("select count(*) from job where kind = 'send_mail' and state = 'dead'")
                .fetch_one(&mut session)
                .await
                .unwrap();
        given_up == 1
    })
    .await;
    app.forget_mails().await;
    assert_eq!(mail.times_named("jane@example.com"), 1);
    assert!(
        !app.output().log_lines().concat().contains("jane@"),
        "an address is in the log"
    );
}

#[tokio::test]
async fn who_was_served_gets_no_second_mail_because_others_are_refused() {
    let (app, mail) = app_with_mail().await;
    mail.refuse("gone@example.com", "550 no such mailbox");
    mail.refuse("full@example.com", "450 try again later");
    let named = [
        "ann@example.com",
        "gone@example.com",
        "full@example.com",
        "joe@example.com",
    ];
    let list = app
        .create_list_from(&subscribed_by(&named, json!({"success_alert": true})))
        .await;
    app.load_codes(&list, &codes("A", 3)).await;
    // The third try of the mail that is refused for now.
    until("the full mailbox to be tried three times", async || {
        mail.times_named("full@example.com") >= 3
    })
    .await;
    let served = |address: &str| mail.mails().iter().filter(|mail| mail.to == [address]).count();
    assert_eq!((served("ann@example.com"), served("joe@example.com")), (1, 1));
    assert_eq!(mail.mails().len(), 2);
    assert_eq!(mail.times_named("gone@example.com"), 1);
    for told in mail.mails() {
        assert_eq!(
            told.header("To"),
            told.to.first().cloned(),
            "nobody sees who else is told"
        );
    }
    app.forget_mails().await;
}

#[tokio::test]
async fn hostile_names_make_no_headers_and_no_markup() {
    let (app, mail) = app_with_mail().await;
    let body = with(
        subscribed(json!({"success_alert": true})),
        json!({"name": "<script>alert(1)</script> Évil \u{202e}gnp.exe =?utf-8?q?x?="}),
    );
    let list = app.create_list_from(&body).await;
    app.load_codes(&list, &codes("A", 3)).await;
    let told = mail.nth(1).await;
    assert!(
        told.subject()
            .contains("<script>alert(1)</script> Évil \\u{202e}gnp.exe"),
        "{}",
        told.subject()
    );
    assert!(!told.text("text/html").contains("<script"));
    let mut names = told.header_names();
    names.sort();
    assert_eq!(
        names,
        [
            "Auto-Submitted",
            "Content-Type",
            "Date",
            "From",
            "MIME-Version",
            "Message-ID",
            "Subject",
            "To"
        ]
    );
}

#[tokio::test]
async fn without_a_relay_mails_wait_until_there_is_one() {
    let mail = MailHost::start().await;
    let app = TestApp::start().await;
    let list = app
        .create_list_from(&subscribed(json!({"success_alert": true})))
        .await;
    app.load_codes(&list, &codes("A", 3)).await;
    let with_relay = app
        .another_server_with(|environment| mail.relay_for(environment))
        .await;
    mail.nth(1).await;
    app.jobs_done().await;
    drop(with_relay);
}

#[tokio::test]
async fn an_address_outside_the_permitted_domains_is_refused_when_it_is_given() {
    let app = TestApp::start_with(|environment| {
        environment.insert("COUPONRY_MAIL_DOMAINS".to_owned(), "example.com".to_owned());
    })
    .await;
    let list = app.create_list_from(&subscribed(json!({}))).await;
    let outside = json!({"email_alert_subscribers": ["eve@example.net"]});
    let message = app
        .patch(&format!("/coupon-list/{list}"), &outside)
        .await
        .expect_error(400, "invalid-request");
    assert!(
        message.contains("'email_alert_subscribers' must hold addresses of the domains"),
        "{message}"
    );
}
