//! Good bodies, as the document describes them, and what becomes of them.

use rand::{RngExt as _, rngs::StdRng};
use serde_json::{Map, Value, json};

use super::{pick, values};

/// Deeper than any schema of the document goes.
const MOST_LEVELS: usize = 10;
/// Where a value goes that need not be JSON.
const PLACE: &str = "@the-place@";

/// A value that the schema describes.
pub(super) fn good(document: &Value, schema: &Value, levels: usize) -> Value {
    if levels == MOST_LEVELS {
        return Value::Null;
    }
    let deeper = |schema| good(document, schema, levels + 1);
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        return document
            .pointer(name.trim_start_matches('#'))
            .map_or(Value::Null, deeper);
    }
    for of_several in ["oneOf", "anyOf", "allOf"] {
        if let Some(first) = schema.pointer(&format!("/{of_several}/0")) {
            return deeper(first);
        }
    }
    if let Some(first) = schema.pointer("/enum/0") {
        return first.clone();
    }
    let kind = schema
        .pointer("/type/0")
        .or_else(|| schema.get("type"))
        .and_then(Value::as_str);
    match kind {
        Some("object") => {
            let properties = schema.get("properties").and_then(Value::as_object);
            let properties = properties.into_iter().flatten();
            Value::Object(properties.map(|(key, of)| (key.clone(), deeper(of))).collect())
        }
        Some("array") => json!([schema.get("items").map_or(Value::Null, deeper)]),
        Some("string") => match schema.get("format").and_then(Value::as_str) {
            Some("date") => "2026-11-01".into(),
            Some("date-time") => "2026-11-01T00:00:00Z".into(),
            Some("email") => "ada@example.com".into(),
            Some("uri") => "https://files.example/codes.csv".into(),
            _ => "x".into(),
        },
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| 1.into()),
        Some("boolean") => true.into(),
        _ => Value::Null,
    }
}

/// The text of this, with some of it replaced, left out, or there twice.
pub(super) fn mutated_json(good: &Value, chance: &mut StdRng) -> Vec<u8> {
    let mut value = good.clone();
    let bad = match chance.random_range(0..10) {
        0 => return text(good, chance),
        1 => {
            leave_something_out(&mut value, chance);
            None
        }
        2 => {
            add_something(&mut value, chance);
            None
        }
        3 => {
            replace(&mut value, PLACE.into(), chance);
            Some(long_value(chance))
        }
        _ => {
            replace(&mut value, PLACE.into(), chance);
            pick(&values::JSON, chance).map(|bad| (*bad).to_owned())
        }
    };
    let text = value.to_string();
    let text = text.replace(&format!("\"{PLACE}\""), &bad.unwrap_or_default());
    if chance.random_bool(0.05) {
        // Its first key once more.
        let twice = text.replacen('{', "{\"user_id\":1,\"name\":1,\"name\":2,", 1);
        return twice.into_bytes();
    }
    text.into_bytes()
}

/// The good text as other programs may write it.
fn text(good: &Value, chance: &mut StdRng) -> Vec<u8> {
    let text = good.to_string();
    match chance.random_range(0..6) {
        0 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        1 => [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat(),
        2 => [b"\x1f\x8b\x08\0".as_slice(), text.as_bytes()].concat(),
        3 => format!("[{text}]").into_bytes(),
        4 => format!("{text}{text}").into_bytes(),
        _ => text.into_bytes(),
    }
}

fn long_value(chance: &mut StdRng) -> String {
    let length = chance.random_range(100..70_000);
    match chance.random_range(0..4) {
        0 => format!("\"{}\"", "x".repeat(length)),
        1 => format!("\"{}\"", "\\u00e9".repeat(length / 6)),
        2 => "[".repeat(length / 2) + &"]".repeat(length / 2),
        _ => format!("[{}0]", "0,".repeat(length / 2)),
    }
}

/// The values within this one, itself among them.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(map) => map.values().map(count).sum::<usize>(),
        _ => 0,
    }
}

fn replace(value: &mut Value, by: Value, chance: &mut StdRng) {
    let mut number = chance.random_range(0..count(value));
    if let Some(place) = nth(value, &mut number) {
        *place = by;
    }
}

fn nth<'a>(value: &'a mut Value, number: &mut usize) -> Option<&'a mut Value> {
    if *number == 0 {
        return Some(value);
    }
    *number -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| nth(item, number)),
        Value::Object(map) => map.values_mut().find_map(|item| nth(item, number)),
        _ => None,
    }
}

/// A key of the object, or of one in it.
fn leave_something_out(value: &mut Value, chance: &mut StdRng) {
    if let Some(map) = some_object(value, chance) {
        let keys: Vec<String> = map.keys().cloned().collect();
        if let Some(key) = pick(&keys, chance) {
            map.remove(key);
        }
    }
}

fn add_something(value: &mut Value, chance: &mut StdRng) {
    let keys = [
        "_id",
        "status",
        "__proto__",
        "",
        "\u{0}",
        "userId",
        "Name",
        "total_coupons",
    ];
    let key = pick(&keys, chance).copied().unwrap_or_default().to_owned();
    if let Some(map) = some_object(value, chance) {
        map.insert(key, json!([{"": null}, 1e300]));
    }
}

fn some_object<'a>(value: &'a mut Value, chance: &mut StdRng) -> Option<&'a mut Map<String, Value>> {
    let mut number = chance.random_range(0..count(value));
    let is_object = nth(value, &mut number.clone()).is_some_and(|value| value.is_object());
    let found = if is_object {
        nth(value, &mut number)
    } else {
        Some(value)
    };
    found.and_then(Value::as_object_mut)
}

/// Lines of which some are good.
pub(super) fn lines(good: &Value, chance: &mut StdRng) -> Vec<u8> {
    let ends: [&[u8]; 4] = [b"\n", b"\r\n", b"\n\n \n", b""];
    let mut text = Vec::new();
    for _ in 0..chance.random_range(0..20) {
        text.extend(mutated_json(good, chance));
        text.extend_from_slice(pick(&ends, chance).copied().unwrap_or_default());
    }
    text
}

/// The fields of a page, each with something else in it.
pub(super) fn urlencoded(good: &Value, chance: &mut StdRng) -> Vec<u8> {
    let mut fields = Vec::new();
    for key in good.as_object().into_iter().flat_map(Map::keys) {
        let value = pick(&values::TARGET, chance).copied().unwrap_or_default();
        fields.push(format!("{key}={}", value.repeat(chance.random_range(0..50))));
    }
    fields.join("&").into_bytes()
}

/// A form with the boundary `b`, of which something may be missing.
pub(super) fn form(chance: &mut StdRng) -> Vec<u8> {
    let names = ["file", "name", "created_by", "dry_run", "File", "", "\u{e9}\""];
    let contents: [&[u8]; 7] = [
        b"Coupon Code\r\nA-1\r\nA-2\r\n",
        b"\"Coupon Code\n",
        b"\xff\xfeC\0o\0",
        b"true",
        b"",
        b"--b",
        b"\0",
    ];
    let heads = [
        "",
        "Content-Type: text/csv\r\n",
        "Content-Transfer-Encoding: base64\r\n",
        "nonsense\r\n",
        "X: \u{0}\r\n",
    ];
    let mut text = Vec::new();
    for _ in 0..chance.random_range(0..5) {
        let name = pick(&names, chance).copied().unwrap_or_default();
        let head = pick(&heads, chance).copied().unwrap_or_default();
        let disposition = format!(
            "--b\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a/b.csv\"\r\n{head}\r\n"
        );
        text.extend_from_slice(disposition.as_bytes());
        text.extend_from_slice(pick(&contents, chance).copied().unwrap_or_default());
        text.extend_from_slice(b"\r\n");
    }
    if chance.random_bool(0.8) {
        text.extend_from_slice(b"--b--\r\n");
    }
    text
}
