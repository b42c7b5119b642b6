//! Few codes are left.

use serde_json::json;

use super::{alert_below, app_with_mail, assert_well_formed, subscribed, watched};
use crate::app::codes;

/// Row 39 of docs/MIGRATING.md.
#[tokio::test]
async fn a_shortage_is_told_once_until_there_was_enough_again() {
    let (app, mail) = app_with_mail().await;
    let list = app.create_list_from(&subscribed(alert_below(5))).await;
    app.load_codes(&list, &codes("A", 6)).await;
    app.take_many(&list, "u", 1).await;
    watched(&app).await;
    assert_eq!(mail.mails().len(), 0, "five of five are no shortage");
    app.take_many(&list, "v", 1).await;
    let told = mail.nth(1).await;
    assert_well_formed(&told);
    assert!(
        told.subject().starts_with("Running low: 4 codes are left in "),
        "{}",
        told.subject()
    );
    app.take_many(&list, "w", 1).await;
    watched(&app).await;
    app.load_codes(&list, &codes("B", 10)).await;
    watched(&app).await;
    assert_eq!(mail.mails().len(), 1);
    app.take_many(&list, "x", 10).await;
    assert!(mail.nth(2).await.subject().starts_with("Running low: 3 codes"));
    assert_ne!(
        mail.mails()[0].header("Message-ID"),
        mail.mails()[1].header("Message-ID")
    );
}

/// Row 39 of docs/MIGRATING.md.
#[tokio::test]
async fn a_list_without_codes_yet_is_no_shortage_but_a_small_first_file_is() {
    let (app, mail) = app_with_mail().await;
    let list = app.create_list_from(&subscribed(alert_below(5))).await;
    watched(&app).await;
    assert_eq!(mail.mails().len(), 0);
    app.load_codes(&list, &codes("A", 3)).await;
    mail.mail_about("Running low: 3 codes").await;
    // Archived, it is no concern; come back empty, it is no shortage yet; with a small file it is one again.
    app.archive(&list).await;
    app.activate(&list).await;
    watched(&app).await;
    assert_eq!(mail.mails().len(), 1);
    app.load_codes(&list, &codes("B", 2)).await;
    mail.mail_about("Running low: 2 codes").await;
}

#[tokio::test]
async fn a_threshold_that_was_lowered_arms_the_alert_again() {
    let (app, mail) = app_with_mail().await;
    let list = app.create_list_from(&subscribed(alert_below(100))).await;
    app.load_codes(&list, &codes("A", 10)).await;
    mail.nth(1).await;
    let change = json!({"alert_conditions": {"coupon_shortage_alert": {"threshold_count": 5}}});
    app.patch(&format!("/coupon-list/{list}"), &change)
        .await
        .expect(200);
    watched(&app).await;
    app.take_many(&list, "u", 6).await;
    mail.mail_about("Running low: 4 codes").await;
}

#[tokio::test]
async fn a_code_that_comes_and_goes_at_the_threshold_is_told_of_once() {
    let (app, mail) = app_with_mail().await;
    let list = app.create_list_from(&subscribed(alert_below(5))).await;
    app.load_codes(&list, &codes("A", 5)).await;
    for user in ["u", "v", "w"] {
        let held = app.hold(&list, user).await;
        watched(&app).await;
        app.release(&list, &held).await.expect(200);
        watched(&app).await;
    }
    app.jobs_done().await;
    assert_eq!(mail.mails().len(), 1);
    // An hour later it is news again, though nothing was loaded.
    sqlx::query("update list_watch set shortage_told_at = shortage_told_at - interval '1 hour'")
        .execute(&mut app.database.connect().await)
        .await
        .unwrap();
    app.hold(&list, "x").await;
    mail.nth(2).await;
}

#[tokio::test]
async fn two_servers_tell_of_one_shortage_once() {
    let (app, mail) = app_with_mail().await;
    let _second = app.another_server().await;
    for round in 0..5 {
        let list = app.create_list_from(&subscribed(alert_below(5))).await;
        app.load_codes(&list, &codes("A", 3)).await;
        mail.nth(round + 1).await;
    }
    watched(&app).await;
    app.jobs_done().await;
    assert_eq!(mail.mails().len(), 5);
}
