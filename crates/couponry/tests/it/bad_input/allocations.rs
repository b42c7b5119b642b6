//! Bad fields of allocations and of batches.

use serde_json::{Value, json};

use super::{INVALID, INVALID_OR_MISSING, Victim, assert_refused};
use crate::app::{Answer, with};

fn bad_ids() -> Vec<Value> {
    vec![
        json!(""),
        json!(5),
        json!(true),
        json!(["u"]),
        json!({"id": "u"}),
        json!("u".repeat(256)),
        json!("é".repeat(128)),
        json!("NUL\u{0}"),
        json!("line\nend"),
        json!("escape\u{1b}[0m"),
    ]
}

fn bad_holds() -> Vec<Value> {
    vec![
        json!(0),
        json!(-1),
        json!(1.5),
        json!(604_801),
        json!(9_223_372_036_854_775_808_u64),
        json!(1e300),
        json!("600"),
        json!(true),
        json!([600]),
    ]
}

fn bad_campaigns() -> Vec<Value> {
    let mut campaigns: Vec<Value> = bad_ids().into_iter().map(|id| json!({"id": id})).collect();
    campaigns.extend([
        json!("c-12"),
        json!(["c-12"]),
        json!(5),
        json!({"id": "c", "name": 5}),
        json!({"id": "c", "name": "NUL\u{0}"}),
        json!({"id": "c", "channel": ["Email"]}),
        json!({"id": "c", "sent_at": "yesterday"}),
        json!({"id": "c", "sent_at": ""}),
        json!({"id": "c", "sent_at": "2026-11-22"}),
        json!({"id": "c", "sent_at": "2026-11-22T10:00:00"}),
        json!({"id": "c", "sent_at": "2026-11-22T10Z"}),
        json!({"id": "c", "sent_at": "-009000-01-01T00:00:00Z"}),
        json!({"id": "c", "sent_at": "+012000-01-01T00:00:00Z"}),
        json!({"id": "c", "sent_at": 1_793_440_000}),
        json!({"id": "c", "locale": {}}),
    ]);
    campaigns
}

#[tokio::test]
async fn nothing_is_handed_out_for_bad_fields() {
    let victim = Victim::new().await;
    let path = victim.path("/allocations");
    let good = json!({"user_id": "u"});
    for (key, values) in [
        ("user_id", bad_ids()),
        ("request_id", bad_ids()),
        ("hold_seconds", bad_holds()),
        ("campaign", bad_campaigns()),
    ] {
        for value in values {
            let body = with(good.clone(), json!({key: value}));
            let answer = victim.app.post(&path, &body).await;
            assert_refused(&answer, INVALID, &format!("{key}: {value}"));
        }
    }
    let no_id = json!({"user_id": "u", "campaign": {"name": "Spring"}});
    for body in [
        json!({}),
        json!({"user_id": null}),
        json!({"request_id": "r"}),
        no_id,
    ] {
        let answer = victim.app.post(&path, &body).await;
        assert_refused(&answer, INVALID_OR_MISSING, &body.to_string());
    }
    let message = victim
        .app
        .post(&path, &json!({}))
        .await
        .expect_error(400, "missing-mandatory-attributes");
    assert!(message.contains("'user_id'"), "{message}");
    victim.assert_unharmed().await;
}

#[tokio::test]
async fn no_batch_is_served_with_bad_fields() {
    let victim = Victim::new().await;
    let path = victim.path("/allocations/batch");
    let good = json!({"recipients": [{"user_id": "u"}]});
    for (key, values) in [
        ("hold_seconds", bad_holds()),
        ("campaign", bad_campaigns()),
        (
            "on_shortage",
            vec![json!("maybe"), json!(5), json!("REJECT"), json!(["reject"])],
        ),
        ("recipients", vec![json!("u"), json!(5), json!({"user_id": "u"})]),
    ] {
        for value in values {
            let body = with(good.clone(), json!({key: value}));
            let answer = victim.app.post(&path, &body).await;
            assert_refused(&answer, INVALID, &format!("{key}: {value}"));
        }
    }
    for body in [json!({}), json!({"recipients": null})] {
        let answer = victim.app.post(&path, &body).await;
        assert_refused(&answer, INVALID_OR_MISSING, &body.to_string());
    }
    victim.assert_unharmed().await;
}

#[tokio::test]
async fn a_bad_recipient_gets_no_code() {
    let victim = Victim::new().await;
    let path = victim.path("/allocations/batch");
    let mut recipients: Vec<Value> = bad_ids()
        .into_iter()
        .flat_map(|id| [json!({"user_id": id}), json!({"user_id": "u", "request_id": id})])
        .collect();
    recipients.extend([json!({}), json!("u"), json!(null), json!(["u"])]);
    for recipient in recipients {
        let answer = victim.app.post(&path, &json!({"recipients": [recipient]})).await;
        assert_recipient_refused(&answer, &recipient);
    }
    victim.assert_unharmed().await;
}

/// Refused as a whole, or for this recipient alone.
#[track_caller]
fn assert_recipient_refused(answer: &Answer, recipient: &Value) {
    if answer.status == 200 {
        let batch = answer.expect(200);
        assert_eq!(batch["allocated"], 0, "{recipient}");
        assert!(batch["data"][0]["error"]["code"].is_string(), "{recipient}");
    } else {
        assert_refused(answer, INVALID_OR_MISSING, &recipient.to_string());
    }
}
