//! Bodies that are no JSON object, and objects that are no good JSON.

use serde_json::json;

use super::{Route, Victim, assert_refused};
use crate::app::{a_list, texts, with};

/// Activation has a code of its own for what is wrong with its body.
fn codes(route: &Route) -> &'static [&'static str] {
    if route.path.ends_with("/activate") {
        &["invalid-request", "bad-request"]
    } else {
        super::INVALID
    }
}

fn bodies_that_are_no_object() -> Vec<(&'static str, Vec<u8>)> {
    let utf16: Vec<u8> = "{\"user_id\":\"u\"}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut bodies: Vec<(&str, Vec<u8>)> = [
        ("blanks", "  \r\n "),
        ("open object", "{"),
        ("cut in a key", "{\"na"),
        ("cut in a value", "{\"name\": \"x"),
        ("single quotes", "{'name': 'x'}"),
        ("no quotes", "{name: 1}"),
        ("comma at the end", "{\"name\": \"x\",}"),
        ("comment", "/* x */ {\"name\": \"x\"}"),
        ("not a number", "{\"name\": NaN}"),
        ("two objects", "{}{}"),
        ("text behind", "{} x"),
        ("array", "[]"),
        ("array of objects", "[{\"name\": \"x\"}]"),
        ("text", "\"name\""),
        ("number", "5"),
        ("true", "true"),
        ("null", "null"),
        ("form", "name=x&label=y"),
        ("markup", "<name>x</name>"),
    ]
    .into_iter()
    .map(|(what, body)| (what, body.as_bytes().to_vec()))
    .collect();
    bodies.push(("UTF-16", utf16));
    bodies.push(("deep", vec![b'['; 30_000]));
    bodies.push(("deep objects", b"{\"a\":".repeat(10_000)));
    bodies.push(("NUL", vec![0; 10]));
    bodies
}

#[tokio::test]
async fn text_that_is_no_json_object_has_the_documented_answer() {
    let victim = Victim::new().await;
    for route in victim.routes() {
        for (what, body) in bodies_that_are_no_object() {
            let what = format!("{what} to {} {}", route.method, route.path);
            let answer = victim.send(&route, body).await;
            let message = assert_refused(&answer, codes(&route), &what);
            if codes(&route) == super::INVALID {
                assert_eq!(message, texts::INCORRECT_JSON, "{what}");
            }
        }
        // Where no body is as good as an empty object, its missing keys are what is wrong.
        if !route.path.ends_with("/activate") && !route.path.ends_with("/usage-report") {
            let answer = victim.send(&route, "").await;
            assert_refused(&answer, super::INVALID, &route.path);
        }
    }
    victim.assert_unharmed().await;
}

#[tokio::test]
async fn a_good_object_with_a_bad_member_is_refused() {
    let victim = Victim::new().await;
    for route in victim.routes() {
        let good = route.good.to_string();
        let (key, value) = route.good.as_object().unwrap().iter().next().unwrap();
        let members: [(&str, Vec<u8>); 7] = [
            ("the same key twice", format!("\"{key}\":{value}").into()),
            ("bad UTF-8", b"\"x\":\"\xff\"".to_vec()),
            ("bad UTF-8 in a key", b"\"\xc3\":1".to_vec()),
            ("raw control character", b"\"x\":\"\x01\"".to_vec()),
            ("raw line end", b"\"x\":\"a\nb\"".to_vec()),
            ("lone surrogate", b"\"x\":\"\\ud800\"".to_vec()),
            ("number without digits", b"\"x\":1.".to_vec()),
        ];
        for (what, member) in members {
            let body = [b"{", member.as_slice(), b",", &good.as_bytes()[1..]].concat();
            let answer = victim.send(&route, body).await;
            let what = format!("{what} to {} {}", route.method, route.path);
            assert_refused(&answer, codes(&route), &what);
        }
    }
    victim.assert_unharmed().await;
}

#[tokio::test]
async fn a_million_levels_are_refused_like_any_other_nonsense() {
    let victim = Victim::new().await;
    let batch = &victim.routes()[5];
    assert!(batch.path.ends_with("/batch"));
    for level in ["[", "{\"a\":"] {
        let nested = level.repeat(1_000_000);
        let member = format!("{{\"recipients\":{nested}");
        for body in [nested, member] {
            assert_refused(&victim.send(batch, body).await, super::INVALID, level);
        }
    }
    victim.assert_unharmed().await;
}

#[tokio::test]
async fn what_nobody_knows_may_be_anything_and_is_kept_nowhere() {
    let victim = Victim::new().await;
    let canary = "canary-7d1e";
    let unknown = json!({
        "x": format!("{canary}\u{0}"), "\u{0}": canary, "": canary, "__proto__": {canary: [null, 1e300]},
        "alert_conditions": {canary: true},
    });
    victim.app.patch(&victim.path(""), &unknown).await.expect(200);
    victim.app.create_list_from(&with(a_list(), unknown)).await;
    let kept = victim.app.database.tables_with_any_of(&[canary.to_owned()]).await;
    assert_eq!(kept, Vec::<String>::new());
}

#[tokio::test]
async fn a_message_says_the_documented_sentence_first() {
    let victim = Victim::new().await;
    for (route, bad) in victim.routes().into_iter().zip([
        r#"{"name": 5, "label": "l", "expires_at": "2099-01-01", "created_by": "x"}"#,
        r#"{"name": 5}"#,
        "",
        r#"{"file_url": 5}"#,
        r#"{"user_id": 5}"#,
        r#"{"recipients": 5}"#,
        r#"{"start_date": 5}"#,
    ]) {
        if !bad.is_empty() {
            let message = assert_refused(&victim.send(&route, bad).await, super::INVALID, bad);
            assert!(message.starts_with(texts::INCORRECT_JSON), "{bad}: {message}");
        }
    }
    victim.assert_unharmed().await;
}
