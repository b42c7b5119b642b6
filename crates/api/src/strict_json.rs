//! JSON as it should be: a key at most once, also within. A text is looked at as a whole, and nothing of it is built but
//! what is asked for: a body of millions of small values costs little more than its text.

use std::{borrow::Cow, fmt, hash::BuildHasher as _, hash::RandomState, sync::LazyLock};

use actix_web::web::Bytes;
use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

/// Keys are told apart by their hashes, whose secret is the process' own: an object may have millions of keys.
static HASHES: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Where a value has this key, serde_json reads the text beside it as JSON, in which nobody has looked for repeated keys.
const SERDE_JSONS_OWN: &str = "$serde_json::private::RawValue";

/// An object's text, and where in it the value of each key is.
pub(crate) struct Object {
    text: Bytes,
    /// In the order of the keys' hashes.
    entries: Vec<Entry>,
}

struct Entry {
    key: u64,
    start: u32,
    end: u32,
}

impl Object {
    /// The object this text is, or nothing: no other value, nothing behind it, no key twice, valid UTF-8.
    pub(crate) fn read(text: Bytes) -> Option<Self> {
        let mut reader = serde_json::Deserializer::from_slice(&text);
        let entries = reader.deserialize_map(Entries { text: &text }).ok()?;
        reader.end().ok()?;
        Some(Self { text, entries })
    }

    /// An object without any key.
    pub(crate) fn empty() -> Self {
        Self {
            text: Bytes::from_static(b"{}"),
            entries: Vec::new(),
        }
    }

    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    /// The first key, as the text has them, that is none of these.
    pub(crate) fn first_but(&self, known: &[&str]) -> Option<String> {
        let found = known.iter().filter(|key| self.entry(key).is_some()).count();
        if found == self.entries.len() {
            return None;
        }
        // Keys are not kept; only here is one asked for by its name.
        let mut reader = serde_json::Deserializer::from_slice(&self.text);
        reader.deserialize_map(FirstBut { known }).ok().flatten()
    }

    /// The text of a key's value.
    pub(crate) fn value(&self, key: &str) -> Option<Bytes> {
        let entry = self.entry(key)?;
        Some(self.text.slice(entry.start as usize..entry.end as usize))
    }

    fn entry(&self, key: &str) -> Option<&Entry> {
        let key = HASHES.hash_one(key);
        let place = self.entries.binary_search_by_key(&key, |entry| entry.key).ok()?;
        self.entries.get(place)
    }
}

/// What a value's text means, if it is one of these.
pub(crate) fn parsed<T: DeserializeOwned>(value: &[u8]) -> Option<T> {
    serde_json::from_slice(value).ok()
}

/// The items' texts, if the value is an array of at least one and at most so many. One item more is not looked at.
pub(crate) fn items(value: &Bytes, most: usize) -> Option<Vec<Bytes>> {
    let mut reader = serde_json::Deserializer::from_slice(value);
    reader.deserialize_seq(Items { value, most }).ok()
}

struct Entries<'a> {
    text: &'a [u8],
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = Vec<Entry>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object without repeated keys")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<Entry>, A::Error> {
        let mut entries = Vec::new();
        let mut keys = Vec::new();
        while let Some(Key(key)) = map.next_key()? {
            let value = map.next_value::<&RawValue>()?.get();
            let mut reader = serde_json::Deserializer::from_str(value);
            Checked(&mut keys)
                .deserialize(&mut reader)
                .map_err(de::Error::custom)?;
            let start = value.as_ptr().addr() - self.text.as_ptr().addr();
            let place = |at: usize| u32::try_from(at).map_err(de::Error::custom);
            entries.push(Entry {
                key,
                start: place(start)?,
                end: place(start + value.len())?,
            });
        }
        entries.sort_unstable_by_key(|entry: &Entry| entry.key);
        if entries.array_windows().any(|[one, other]| one.key == other.key) {
            return Err(de::Error::custom("repeated key"));
        }
        Ok(entries)
    }
}

/// A key's hash.
struct Key(u64);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Hashed;
        impl Visitor<'_> for Hashed {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_str<E: de::Error>(self, key: &str) -> Result<Key, E> {
                if key == SERDE_JSONS_OWN {
                    return Err(de::Error::custom("a key of serde_json itself"));
                }
                Ok(Key(HASHES.hash_one(key)))
            }
        }
        deserializer.deserialize_str(Hashed)
    }
}

struct FirstBut<'a> {
    known: &'a [&'a str],
}

impl<'de> Visitor<'de> for FirstBut<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<String>, A::Error> {
        let mut first = None;
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            map.next_value::<IgnoredAny>()?;
            if first.is_none() && !self.known.contains(&&*key) {
                first = Some(key.into_owned());
            }
        }
        Ok(first)
    }
}

/// Looks at a value and builds nothing; the keys of the objects that are open lie on a common stack.
struct Checked<'a>(&'a mut Vec<u64>);

impl<'de> DeserializeSeed<'de> for Checked<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Checked<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value without repeated keys")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Checked(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let keys = self.0;
        let below = keys.len();
        while let Some(Key(key)) = map.next_key()? {
            keys.push(key);
            map.next_value_seed(Checked(keys))?;
        }
        let own = keys.get_mut(below..).unwrap_or_default();
        own.sort_unstable();
        let repeats = own.array_windows().any(|[one, other]| one == other);
        keys.truncate(below);
        if repeats {
            return Err(de::Error::custom("repeated key"));
        }
        Ok(())
    }
}

struct Items<'a> {
    value: &'a Bytes,
    most: usize,
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = Vec<Bytes>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array of 1 to {} items", self.most)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Bytes>, A::Error> {
        let mut items = Vec::new();
        while items.len() < self.most {
            let Some(item) = seq.next_element::<&RawValue>()? else {
                break;
            };
            let start = item.get().as_ptr().addr() - self.value.as_ptr().addr();
            items.push(self.value.slice(start..start + item.get().len()));
        }
        let is_over = items.len() == self.most && seq.next_element::<IgnoredAny>()?.is_some();
        if items.is_empty() || is_over {
            return Err(de::Error::invalid_length(items.len(), &self));
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests;
