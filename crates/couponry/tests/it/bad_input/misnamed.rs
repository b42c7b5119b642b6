//! What is misnamed is refused and named on our own endpoints: read over, it would send another code than was meant. The
//! documented endpoints go on ignoring what they do not know.

use reqwest::{Method, header};
use serde_json::{Value, json};

use super::{INVALID, INVALID_OR_MISSING, Victim, assert_refused};
use crate::{
    app::{file_part, json_lines, part, send, text, whole, with},
    endpoints::endpoints,
};

/// The eleven of the MoEngage API.
fn is_documented(method: &Method, path: &str) -> bool {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let methods = match parts[..] {
        ["coupon-list"] | ["coupon-list", _, "files"] => "POST GET",
        ["coupon-list", _] => "GET PATCH",
        ["coupon-list", _, "activate" | "archive"] => "PUT",
        ["coupon-list", _, "usage-report"] => "POST",
        ["coupon-list", _, "files", file] if file != "upload" => "GET DELETE",
        _ => "",
    };
    methods.split(' ').any(|one| one == method.as_str())
}

#[tokio::test]
async fn an_unknown_parameter_is_named_by_every_endpoint_of_our_own_and_ignored_by_the_documented_ones() {
    let victim = Victim::new().await;
    let all = endpoints(&victim.list, &victim.file);
    let (documented, ours): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|(method, path, ..)| is_documented(method, path));
    assert_eq!(documented.len(), 11);
    for (method, path, body, _) in ours {
        let request = victim.app.request(method.clone(), &format!("{path}?surprise=1"));
        let request = match &body {
            Some(body) => request.json(body),
            None => request,
        };
        let message = assert_refused(
            &send(request).await,
            &["bad-request"],
            &format!("{method} {path}"),
        );
        assert!(message.contains("'surprise'"), "{method} {path}: {message}");
    }
    victim.assert_unharmed().await;
    for (_, path, ..) in documented.iter().filter(|(method, ..)| method == Method::GET) {
        victim.app.get(&format!("{path}?surprise=1")).await.expect(200);
    }
}

#[tokio::test]
async fn an_unknown_key_is_named_by_every_endpoint_of_our_own_that_may_change_something() {
    let victim = Victim::new().await;
    let all = endpoints(&victim.list, &victim.file).into_iter();
    let changing = all.filter(|(method, path, ..)| {
        method != Method::GET && !is_documented(method, path) && !path.ends_with("/files/upload")
    });
    for (method, path, body, _) in changing {
        let body = with(body.unwrap_or_else(|| json!({})), json!({"surprise": null}));
        let request = victim.app.request(method.clone(), &path).json(&body);
        let answer = send(request).await;
        // What names nothing is not found before its body is looked at.
        if answer.status != 404 {
            let message = assert_refused(&answer, INVALID, &format!("{method} {path}"));
            assert!(message.contains("'surprise'"), "{method} {path}: {message}");
        }
    }
    victim.assert_unharmed().await;
}

/// A misnamed key, and what was meant.
const MISNAMED: [(&str, &str); 9] = [
    ("requestId", "request_id"),
    ("request-id", "request_id"),
    ("RequestID", "request_id"),
    ("userId", "user_id"),
    ("holdSeconds", "hold_seconds"),
    ("hold_second", "hold_seconds"),
    ("campaignId", "campaign_id"),
    ("campain", "campaign"),
    ("Campaign", "campaign"),
];

#[tokio::test]
async fn a_misnamed_key_takes_no_code_and_what_was_meant_is_told() {
    let victim = Victim::new().await;
    let path = victim.path("/allocations");
    for (key, meant) in MISNAMED {
        let answer = victim.app.post(&path, &json!({"user_id": "ada", key: "x"})).await;
        let message = assert_refused(&answer, INVALID, key);
        assert!(message.contains(&format!("'{key}'")), "{message}");
        assert!(
            message.ends_with(&format!("Did you mean '{meant}'?")),
            "{message}"
        );
    }
    let body = json!({"user_id": "ada", "campaign": {"id": "c", "sentAt": "2026-11-22T10:00:00Z"}});
    let message = assert_refused(&victim.app.post(&path, &body).await, INVALID, "sentAt");
    assert!(
        message.contains("'campaign.sentAt'") && message.contains("'sent_at'"),
        "{message}"
    );
    victim.assert_unharmed().await;
}

#[tokio::test]
async fn a_misnamed_key_of_one_recipient_costs_that_one_its_code_and_no_other() {
    let victim = Victim::new().await;
    let recipients = json!([
        {"user_id": "bob", "requestId": "m1"},
        {"user_id": "eve", "holdSeconds": 60},
        {"user_id": "ada"},
    ]);
    let path = victim.path("/allocations/batch");
    let answer = victim
        .app
        .post(&path, &json!({"recipients": recipients}))
        .await
        .expect(200);
    let lines = victim.path("/allocations/batch?campaign_id=lines");
    let request = victim
        .app
        .request(Method::POST, &lines)
        .header(header::CONTENT_TYPE, "application/x-ndjson")
        .body(lines_of(&recipients));
    let streamed = json_lines(&send(request).await.text);
    for items in [answer["data"].as_array().unwrap(), &streamed] {
        for (item, (named, meant)) in items
            .iter()
            .zip([("requestId", "request_id"), ("holdSeconds", "")])
        {
            assert_eq!(item["error"]["code"], "invalid-request", "{item}");
            let message = text(&item["error"]["message"]);
            assert!(
                message.contains(&format!("'{named}'")) && message.contains(meant),
                "{message}"
            );
        }
        assert_eq!(items[2]["user_id"], "ada");
        assert_eq!(items[2]["status"], "ALLOCATED");
    }
    assert_eq!(victim.app.counts(&victim.list).await, (3, 1));
}

#[tokio::test]
async fn misnamed_parameters_of_a_batch_take_no_code_and_a_json_batch_has_none() {
    let victim = Victim::new().await;
    for (query, kind, named) in [
        (
            "campaignId=c",
            "application/x-ndjson",
            "Did you mean 'campaign_id'?",
        ),
        (
            "holdSeconds=60",
            "application/x-ndjson",
            "Did you mean 'hold_seconds'?",
        ),
        ("campaign_id=c", "application/json", "application/x-ndjson"),
    ] {
        let request = victim
            .app
            .request(Method::POST, &victim.path(&format!("/allocations/batch?{query}")))
            .header(header::CONTENT_TYPE, kind)
            .body(r#"{"recipients": [{"user_id": "u"}]}"#);
        let answer = send(request).await;
        let message = assert_refused(&answer, &["bad-request", "invalid-request"], query);
        assert!(message.contains(named), "{message}");
    }
    victim.assert_unharmed().await;
}

/// As real message templates had them.
#[tokio::test]
async fn a_misnamed_parameter_of_a_pull_takes_no_code() {
    let victim = Victim::new().await;
    let token = victim
        .app
        .pull_token(&victim.list, &json!({"fallback": "F"}))
        .await;
    let pull = async |query: &str| {
        let path = format!("/v1/pull/{}?{query}", text(&token["token"]));
        send(victim.app.anonymous(Method::GET, &path)).await
    };
    for (query, named) in [
        (
            "user_id=ada&amp;campaign_id=may&amp;request_id=m1",
            "'&amp;' instead of '&'",
        ),
        ("user_id=bob&requestId=m1", "Did you mean 'request_id'?"),
        ("user_id=eve&amp;preview=1", "'&amp;' instead of '&'"),
        ("user_id=eve&Preview=true", "Did you mean 'preview'?"),
        ("userid=eve", "Did you mean 'user_id'?"),
        ("user_id=undefined&campaign_id=may", "'user_id' must be filled in"),
        (
            "user_id=ada&campaign_id={{campaign}}",
            "'campaign_id' must be filled in",
        ),
        ("user_id=ada&request_id=%%id%%", "'request_id' must be filled in"),
        ("user_id=ada&request_id=", "'request_id' must not be empty"),
        ("user_id=ada&campaign_id=%20", "'campaign_id' must not be empty"),
    ] {
        let message = assert_refused(&pull(query).await, &["bad-request"], query);
        assert!(message.contains(named), "{query}: {message}");
    }
    victim.assert_unharmed().await;
}

#[tokio::test]
async fn a_part_that_is_misnamed_loads_nothing() {
    let victim = Victim::new().await;
    for (name, meant) in [
        ("File", "'file'"),
        ("createdBy", "'created_by'"),
        ("dryRun", "'dry_run'"),
        ("check", "Known are 'file'"),
    ] {
        let parts = [
            file_part(b"Coupon Code\nNEW-1\n"),
            part(&format!("name=\"{name}\""), "", b"true"),
        ];
        let answer = victim
            .send_form("multipart/form-data; boundary=XX", whole(&parts))
            .await;
        let message = assert_refused(&answer, INVALID, name);
        assert!(
            message.contains(&format!("'{name}'")) && message.contains(meant),
            "{message}"
        );
    }
    victim.assert_unharmed().await;
}

#[tokio::test]
async fn a_placeholder_that_was_never_filled_in_is_no_id() {
    let victim = Victim::new().await;
    let allocations = victim.path("/allocations");
    for id in [
        "undefined",
        "null",
        "{{user_id}}",
        "%%SubscriberKey%%",
        "[object Object]",
        "${id}",
        "*|UNIQID|*",
    ] {
        let of_campaign = json!({"user_id": "u", "campaign": {"id": id}});
        for body in [
            json!({"user_id": id}),
            json!({"user_id": "u", "request_id": id}),
            json!({"user_id": "u", "campaign_id": id}),
            of_campaign,
        ] {
            let message = assert_refused(&victim.app.post(&allocations, &body).await, INVALID, id);
            assert!(message.contains("must be filled in"), "{message}");
        }
        let batch = json!({"recipients": [{"user_id": id}]});
        let answer = victim
            .app
            .post(&victim.path("/allocations/batch"), &batch)
            .await
            .expect(200);
        assert_eq!(answer["failed"], 1, "{answer}");
        let redemption = json!({"redemption_id": id});
        let answer = victim
            .app
            .post(&victim.path("/codes/A-1/redeem"), &redemption)
            .await;
        assert_refused(&answer, INVALID, id);
        let encoded = percent(id);
        let answer = victim.app.get(&format!("{allocations}?user_id={encoded}")).await;
        assert_refused(&answer, &["bad-request"], id);
        // Nobody may take this for an erasure.
        let answer = victim.app.delete(&format!("/users/{encoded}")).await;
        assert_refused(&answer, INVALID_OR_MISSING, id);
    }
    victim.assert_unharmed().await;
}

fn percent(id: &str) -> String {
    id.bytes()
        .fold(String::new(), |text, byte| text + &format!("%{byte:02X}"))
}

/// One line each.
fn lines_of(items: &Value) -> String {
    let lines: Vec<String> = items.as_array().unwrap().iter().map(Value::to_string).collect();
    lines.join("\n")
}

#[tokio::test]
async fn the_campaign_may_be_named_by_its_id_alone_everywhere() {
    let victim = Victim::new().await;
    let path = victim.path("/allocations");
    let app = &victim.app;
    let take = async |body: Value| app.post(&path, &body).await;
    let may = take(json!({"user_id": "ada", "campaign_id": "may"}))
        .await
        .expect(201);
    let june = take(json!({"user_id": "ada", "campaign_id": "june"}))
        .await
        .expect(201);
    assert_ne!(may["coupon_code"], june["coupon_code"]);
    assert_eq!(
        (&may["campaign_id"], &june["campaign_id"]),
        (&json!("may"), &json!("june"))
    );
    // The two spellings are one campaign.
    let again = take(json!({"user_id": "ada", "campaign": {"id": "may"}}))
        .await
        .expect(200);
    assert_eq!(again["coupon_code"], may["coupon_code"]);
    let both = json!({"user_id": "ada", "campaign_id": "may", "campaign": {"id": "may", "name": "May"}});
    assert_eq!(take(both).await.expect(200)["coupon_code"], may["coupon_code"]);
    let two = json!({"user_id": "ada", "campaign_id": "may", "campaign": {"id": "june"}});
    let message = assert_refused(&take(two).await, INVALID, "two campaigns");
    assert!(message.contains("'campaign_id'"), "{message}");

    // Of a batch: for all, or for one.
    let batch = json!({"campaign_id": "may", "recipients": [{"user_id": "ada"}, {"user_id": "ada", "campaign_id": "june"}]});
    let answer = app
        .post(&victim.path("/allocations/batch"), &batch)
        .await
        .expect(200);
    assert_eq!(answer["repeated"], 2, "{answer}");
    assert_eq!(answer["data"][0]["coupon_code"], may["coupon_code"]);
    assert_eq!(answer["data"][1]["coupon_code"], june["coupon_code"]);
    let request = app
        .request(Method::POST, &victim.path("/allocations/batch"))
        .header(header::CONTENT_TYPE, "application/x-ndjson")
        .body("{\"user_id\":\"ada\",\"campaign_id\":\"june\"}\n");
    let lines = json_lines(&send(request).await.text);
    assert_eq!(lines[0]["coupon_code"], june["coupon_code"]);
    assert_eq!(app.counts(&victim.list).await, (3, 1));
}
