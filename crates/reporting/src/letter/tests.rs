use domain::{AlertConditions, ListStatus, PublicId};

use super::*;

fn list(name: &str) -> CouponList {
    let at: Timestamp = "2026-12-31T22:59:00Z".parse().unwrap();
    CouponList {
        public_id: PublicId::from_bytes([1; 12]),
        name: name.to_owned(),
        label: "spring".to_owned(),
        status: ListStatus::Active,
        expires_at: at,
        created_by: "me".to_owned(),
        subscribers: Vec::new(),
        alerts: AlertConditions::default(),
        created_at: at,
        updated_at: at,
        total: 1_234_567,
        available: 99,
    }
}

#[test]
fn a_hostile_name_stays_text() {
    let news = News::Shortage {
        available: 1,
        threshold: 100,
    };
    let list = list("<script>alert(1)</script>\u{202e}\r\nBcc: x@y.z");
    let letter = Letter::new(&list, &news, &TimeZone::UTC, None);
    let html = letter.html().unwrap();
    assert!(
        !html.contains("<script") && html.contains("&#60;script"),
        "{html}"
    );
    assert!(
        !letter.subject.contains(['\r', '\n', '\u{202e}']),
        "{}",
        letter.subject
    );
    assert!(letter.plain().unwrap().contains("1 code is left"));
}

#[test]
fn times_are_the_workspaces() {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let letter = Letter::new(&list("Spring"), &News::Expiry { days_left: 1 }, &zone, None);
    assert_eq!(letter.subject, "Expires tomorrow: Spring");
    assert!(
        letter
            .plain()
            .unwrap()
            .contains("2026-12-31 23:59 (Europe/Berlin)")
    );
}

#[test]
fn counts_are_readable() {
    for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (7_489_827, "7,489,827")] {
        assert_eq!(count(number), text);
    }
}
