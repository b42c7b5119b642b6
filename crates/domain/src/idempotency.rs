//! The key by which a client says that two requests are one.

use sha2::{Digest as _, Sha256};

/// An `Idempotency-Key` with a hash of all that its request says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    key: String,
    request_hash: [u8; 32],
}

/// The text is no key; the sentence completes "'Idempotency-Key' …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 255 printable ASCII characters, sent once")]
pub struct NotAnIdempotencyKey;

impl IdempotencyKey {
    /// `request` is what the request says, in parts.
    pub fn new(key: &str, request: &[&[u8]]) -> Result<Self, NotAnIdempotencyKey> {
        let printable = key.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if key.is_empty() || key.len() > 255 || !printable {
            return Err(NotAnIdempotencyKey);
        }
        let mut hash = Sha256::new();
        for part in request {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Ok(Self {
            key: key.to_owned(),
            request_hash: hash.finalize().into(),
        })
    }

    pub fn as_str(&self) -> &str {
        &self.key
    }

    pub fn request_hash(&self) -> &[u8; 32] {
        &self.request_hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_together() {
        let of = |request: &[&[u8]]| *IdempotencyKey::new("k", request).unwrap().request_hash();
        assert_eq!(of(&[b"a", b"bc"]), of(&[b"a", b"bc"]));
        assert_ne!(of(&[b"a", b"bc"]), of(&[b"ab", b"c"]));
    }

    #[test]
    fn only_printable_ascii_is_a_key() {
        for key in ["", "a\u{1}", "ä", &"a".repeat(256)] {
            assert_eq!(IdempotencyKey::new(key, &[]), Err(NotAnIdempotencyKey), "{key}");
        }
        assert!(IdempotencyKey::new("4f1c-… no".replace('…', "x").as_str(), &[]).is_ok());
    }
}
