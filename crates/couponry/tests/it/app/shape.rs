//! The keys of a JSON text in the order in which they stand there; `serde_json::Value` would sort them.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};

/// `{"b":1,"a":{"c":[{"d":2},{"d":3}]}}` is `{b,a{c[{d},{d}]}}`.
pub(crate) fn shape(text: &str) -> String {
    serde_json::from_str::<Shape>(text).unwrap().0
}

struct Shape(String);

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Keys).map(Shape)
    }
}

struct Keys;

impl<'de> Visitor<'de> for Keys {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<String, A::Error> {
        let mut keys = Vec::new();
        while let Some((key, Shape(inner))) = map.next_entry::<String, Shape>()? {
            keys.push(key + &inner);
        }
        Ok(format!("{{{}}}", keys.join(",")))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<String, A::Error> {
        let mut shapes = Vec::new();
        while let Some(Shape(inner)) = items.next_element()? {
            if !inner.is_empty() {
                shapes.push(inner);
            }
        }
        Ok(format!("[{}]", shapes.join(",")))
    }

    fn visit_bool<E>(self, _: bool) -> Result<String, E> {
        Ok(String::new())
    }

    fn visit_i64<E>(self, _: i64) -> Result<String, E> {
        Ok(String::new())
    }

    fn visit_u64<E>(self, _: u64) -> Result<String, E> {
        Ok(String::new())
    }

    fn visit_f64<E>(self, _: f64) -> Result<String, E> {
        Ok(String::new())
    }

    fn visit_str<E>(self, _: &str) -> Result<String, E> {
        Ok(String::new())
    }

    fn visit_unit<E>(self) -> Result<String, E> {
        Ok(String::new())
    }
}

#[test]
fn a_shape_keeps_the_order_of_the_text() {
    assert_eq!(
        shape(r#"{"b":1,"a":{"c":[{"d":2},{"d":3}],"e":[1,null]}}"#),
        "{b,a{c[{d},{d}],e[]}}"
    );
}
