//! Mails reach whom they can reach, whatever the relay can do, and of the others it is said why not.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    app::{Largest, MailHost, Offers, TestApp, TestTls, a_list, codes, text, wait_for, with},
    usage_report::{day, hand_out_by_hand},
};

/// An address as it is given, and as the relay must be told it.
const PEOPLE: [(&str, &str); 6] = [
    ("\"jane doe\"@shop.test", "\"jane doe\"@shop.test"),
    ("ann@m\u{fc}nchen.test", "ann@xn--mnchen-3ya.test"),
    ("jane@[192.0.2.1]", "jane@[192.0.2.1]"),
    ("jane@[IPv6:2001:db8::1]", "jane@[IPv6:2001:db8::1]"),
    ("jane@shop.test", "jane@shop.test"),
    (JUERGEN, JUERGEN),
];

/// Only a relay with SMTPUTF8 knows him.
const JUERGEN: &str = "j\u{fc}rgen@shop.test";

fn people() -> Vec<&'static str> {
    PEOPLE.iter().map(|(given, _)| *given).collect()
}

async fn app_with(mail: &MailHost) -> TestApp {
    TestApp::start_with(|environment| mail.relay_for(environment)).await
}

/// Asks for a report of today for these people, and waits until its mails are as wanted.
async fn report_with_mails(
    app: &TestApp,
    list: &str,
    people: &[&str],
    wanted: impl Fn(&Value) -> bool,
) -> Value {
    let today = day(app, 0).await;
    let asked = json!({"start_date": today, "end_date": today, "email_subscribers": people});
    let path = format!("/coupon-list/{list}/usage-report");
    app.post(&path, &asked).await.expect(200);
    wait_for("the report's mails", async || {
        let report = app.get(&path).await.expect(200)["data"][0].clone();
        let mails = report["mails"].as_array().unwrap();
        (mails.len() == people.len() && mails.iter().all(&wanted)).then_some(report)
    })
    .await
}

async fn mailed_report(app: &TestApp, list: &str, people: &[&str]) -> Value {
    report_with_mails(app, list, people, |mail| mail["status"] != "WAITING").await
}

/// The letter that a file was loaded, an alert and a report, each to all of them: who got which, and the report.
async fn letter_alert_and_report(offers: Offers) -> (Vec<(String, String)>, Value) {
    let knows_juergen = offers.utf8_addresses;
    let mail = MailHost::offering(offers).await;
    let app = app_with(&mail).await;
    let told = json!({"email_alert_subscribers": people(), "alert_conditions": {
        "success_alert": true, "coupon_shortage_alert": {"alert": true, "threshold_count": 5}}});
    let list = app.create_list_from(&with(a_list(), told)).await;
    app.load_codes(&list, &codes("\u{c4}", 3)).await;
    mail.mail_about("Loaded into").await;
    mail.mail_about("Running low").await;
    let mut given_up = app.mails_given_up().await;
    let report = mailed_report(&app, &list, &people()).await;
    given_up.extend(app.mails_given_up().await);
    assert_eq!(given_up.len(), if knows_juergen { 0 } else { 3 }, "{given_up:?}");
    let mut got: Vec<(String, String)> = mail
        .mails()
        .iter()
        .map(|mail| {
            let subject = mail.subject();
            assert_eq!(mail.header("To").as_ref(), Some(&mail.to[0]));
            (mail.to[0].clone(), subject.split(' ').next().unwrap().to_owned())
        })
        .collect();
    got.sort();
    (got, report)
}

fn relays() -> Vec<Offers> {
    let mut relays = Vec::new();
    for (eight_bits, utf8_addresses) in [(false, false), (true, false), (true, true)] {
        for is_encrypted in [false, true] {
            for largest in [None, Some(Largest::Announced(10_240_000))] {
                relays.push(Offers {
                    eight_bits,
                    utf8_addresses,
                    largest,
                    tls: is_encrypted.then(TestTls::make),
                });
            }
        }
    }
    relays
}

#[tokio::test]
async fn everybody_whom_a_relay_can_reach_gets_letter_alert_and_report_whatever_it_offers() {
    for some in relays().chunks(4) {
        let told = join_all(some.iter().cloned().map(letter_alert_and_report)).await;
        for (offers, (got, report)) in some.iter().zip(told) {
            let is_reached = |address: &str| offers.utf8_addresses || address != JUERGEN;
            let mut expected: Vec<(String, String)> = PEOPLE
                .iter()
                .filter(|(_, told)| is_reached(told))
                .flat_map(|(_, told)| {
                    ["Loaded", "Running", "Usage"].map(|what| ((*told).to_owned(), what.to_owned()))
                })
                .collect();
            expected.sort();
            assert_eq!(got, expected);
            for mail in report["mails"].as_array().unwrap() {
                if is_reached(text(&mail["to"])) {
                    assert_eq!(mail["status"], "SENT", "{mail}");
                    assert_eq!(mail["sent_as"], "ATTACHMENT", "{mail}");
                    assert!(
                        mail["reason"].is_null() && mail["settled_at"].is_string(),
                        "{mail}"
                    );
                } else {
                    assert_eq!(mail["status"], "FAILED", "{mail}");
                    assert!(mail["sent_as"].is_null(), "{mail}");
                    assert!(text(&mail["reason"]).contains("lacks SMTPUTF8"), "{mail}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_report_too_large_for_the_relay_goes_as_a_link_however_the_relay_says_so() {
    for largest in [
        Largest::Announced(50_000),
        Largest::Answered(50_000),
        Largest::BrokenOff(50_000),
    ] {
        let offers = Offers {
            eight_bits: true,
            largest: Some(largest),
            ..Offers::default()
        };
        let mail = MailHost::offering(offers).await;
        let app = app_with(&mail).await;
        let list = app.list_with(&codes("A", 10)).await;
        hand_out_by_hand(&app, 2_000, 64).await;
        let report = mailed_report(&app, &list, &["jane@shop.test"]).await;
        assert_eq!(report["mails"][0]["sent_as"], "LINK", "{largest:?}");
        let letter = mail.nth(1).await;
        assert!(letter.attachment().is_none());
        let plain = letter.text("text/plain");
        assert!(plain.contains("too large for a mail"), "{plain}");
        assert!(plain.contains("/download?expires="), "{plain}");
        // What is announced is not tried in vain.
        let in_vain = usize::from(!matches!(largest, Largest::Announced(_)));
        assert_eq!(mail.too_large(), in_vain, "{largest:?}");
        app.logs(&["too large for the relay", &list]).await;
    }
}

#[tokio::test]
async fn a_report_beyond_the_operators_limit_goes_as_a_link() {
    let mail = MailHost::start().await;
    let app = TestApp::start_with(|environment| {
        mail.relay_for(environment);
        environment.insert("COUPONRY_MAIL_ATTACHMENT_BYTES".to_owned(), "20000".to_owned());
    })
    .await;
    let list = app.list_with(&codes("A", 10)).await;
    hand_out_by_hand(&app, 2_000, 64).await;
    let large = mailed_report(&app, &list, &["jane@shop.test"]).await;
    assert_eq!(large["mails"][0]["sent_as"], "LINK");
    let list = app.list_with(&codes("B", 10)).await;
    app.take_many(&list, "u", 3).await;
    let small = mailed_report(&app, &list, &["jane@shop.test"]).await;
    assert_eq!(small["mails"][0]["sent_as"], "ATTACHMENT");
}

#[tokio::test]
async fn a_report_says_of_each_mail_what_became_of_it_and_why() {
    let mail = MailHost::start().await;
    mail.refuse("gone@shop.test", "550 5.1.1 no such user");
    mail.refuse("full@shop.test", "552 5.2.2 mailbox full");
    mail.refuse("later@shop.test", "450 4.2.0 greylisted");
    let app = app_with(&mail).await;
    let list = app.list_with(&codes("A", 3)).await;
    let people = [
        "full@shop.test",
        "gone@shop.test",
        "jane@shop.test",
        "later@shop.test",
    ];
    let was_tried = |mail: &Value| mail["status"] == "SENT" || mail["reason"].is_string();
    let report = report_with_mails(&app, &list, &people, was_tried).await;
    let expected = [
        (
            "FAILED",
            "the mail cannot be sent: the relay finds it too large, or the recipient's mailbox is full",
        ),
        (
            "FAILED",
            "the mail cannot be sent: the relay refuses the recipient",
        ),
        ("SENT", ""),
        ("WAITING", "the mail relay answered 450"),
    ];
    let mails = report["mails"].as_array().unwrap();
    for ((mail, to), (status, why)) in mails.iter().zip(people).zip(expected) {
        assert_eq!((text(&mail["to"]), text(&mail["status"])), (to, status), "{mail}");
        assert_eq!(mail["reason"].as_str().unwrap_or_default(), why);
    }
    app.logs(&["one recipient of a list's mail gets none", &list])
        .await;
    assert!(
        !app.output()
            .log_lines()
            .iter()
            .any(|line| line.contains("@shop.test"))
    );
    app.forget_mails().await;
}

#[tokio::test]
async fn a_relay_whose_certificate_is_not_trusted_is_not_called_unreachable() {
    let offers = Offers {
        tls: Some(TestTls::make()),
        ..Offers::default()
    };
    let mail = MailHost::offering(offers).await;
    let app = TestApp::start_with(|environment| {
        mail.relay_for(environment);
        environment.remove("SSL_CERT_FILE");
    })
    .await;
    let list = app.list_with(&codes("A", 3)).await;
    let was_tried = |mail: &Value| mail["reason"].is_string();
    let report = report_with_mails(&app, &list, &["jane@shop.test"], was_tried).await;
    assert_eq!(
        report["mails"][0]["reason"],
        "the mail relay has a certificate of an issuer that is not trusted here"
    );
    app.forget_mails().await;
}
