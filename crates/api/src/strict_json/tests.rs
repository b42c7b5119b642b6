use super::*;

fn is_object(text: impl Into<Vec<u8>>) -> bool {
    Object::read(Bytes::from(text.into())).is_some()
}

#[test]
fn only_a_proper_object_is_one() {
    for text in [
        "",
        "{",
        "[]",
        "null",
        "\"a\"",
        "1",
        "{} {}",
        "{}x",
        "{'a':1}",
        "{\"a\":1,}",
        "{\"a\":NaN}",
        "// c\n{}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"\\u0061\":2}",
        "{\"a\":{\"b\":1,\"b\":1}}",
        "{\"a\":{\"b\":{\"c\":1,\"d\":2},\"b\":1}}",
        "{\"a\":[{\"b\":1},{\"b\":1,\"b\":1}]}",
        "{\"a\":\"\\ud800\"}",
        "{\"\\ud800\":1}",
        "{\"a\":\"\u{1}\"}",
        "{\"a\":1e400}",
        "{\"a\":[1,]}",
    ] {
        assert!(!is_object(text), "{text}");
    }
    assert!(!is_object(b"{\"a\":\"\xff\"}".as_slice()));
    assert!(!is_object(b"{\"\xff\":1}".as_slice()));
    assert!(!is_object("\u{feff}{}"));
    assert!(is_object(" {\"a\": [1, {\"b\": null}]} "));
    assert!(is_object(
        "{\"a\":{\"b\":{\"b\":{\"b\":1}}},\"b\":[{\"b\":1},{\"b\":1}]}"
    ));
}

#[test]
fn a_key_that_serde_json_takes_for_its_own_is_refused() {
    for text in [
        r#"{"$serde_json::private::RawValue":"1"}"#,
        r#"{"a":{"$serde_json::private::RawValue":"{\"b\":1,\"b\":2}"}}"#,
        r#"{"a":[{"\u0024serde_json::private::RawValue":"\"x\""}]}"#,
    ] {
        assert!(!is_object(text), "{text}");
    }
}

#[test]
fn a_million_levels_are_refused() {
    assert!(!is_object("{\"a\":".repeat(1_000_000)));
    assert!(!is_object(format!("{{\"a\":{}", "[".repeat(1_000_000))));
}

#[test]
fn values_are_found_by_their_keys() {
    let object = Object::read(Bytes::from_static(
        b" { \"a\" : [ 1 , 2 ] ,\"\\u0062\":\"x\" , \"c\":null} ",
    ))
    .unwrap();
    assert_eq!(object.value("a").unwrap(), "[ 1 , 2 ]");
    assert_eq!(object.value("b").unwrap(), "\"x\"");
    assert_eq!(object.value("c").unwrap(), "null");
    assert!(object.value("d").is_none());
    assert_eq!(object.first_but(&["a", "b", "c", "d"]), None);
    assert_eq!(object.first_but(&["a"]).as_deref(), Some("b"));
    assert_eq!(object.first_but(&["d"]).as_deref(), Some("a"));
    let array = object.value("a").unwrap();
    assert_eq!(items(&array, 2).unwrap(), ["1", "2"]);
    assert!(items(&array, 1).is_none());
    assert!(items(&Bytes::from_static(b"[]"), 1).is_none());
    assert!(items(&Bytes::from_static(b"{}"), 1).is_none());
}
