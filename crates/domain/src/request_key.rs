//! What makes a retry safe: one code for each key, for the life of the list.

use sha2::{Digest as _, Sha256};

use crate::{ExternalId, PublicId};

/// The first 16 bytes of SHA-256 over the list's id, a kind byte and the length-prefixed parts. The list's id is in it,
/// so the key alone is unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestKey([u8; 16]);

impl RequestKey {
    /// By the request's own id if it has one; else by campaign and user; else by user.
    pub fn of(
        list: PublicId,
        user: &ExternalId,
        request: Option<&ExternalId>,
        campaign: Option<&ExternalId>,
    ) -> Self {
        let (kind, parts) = match (request, campaign) {
            (Some(request), _) => (KIND_REQUEST, [Some(request), None]),
            (None, Some(campaign)) => (KIND_CAMPAIGN_AND_USER, [Some(campaign), Some(user)]),
            (None, None) => (KIND_USER, [Some(user), None]),
        };
        let mut hash = Sha256::new();
        hash.update(list.as_bytes());
        hash.update([kind]);
        for part in parts.into_iter().flatten() {
            hash.update((part.as_str().len() as u64).to_be_bytes());
            hash.update(part.as_str());
        }
        Self(first_16(&hash.finalize()))
    }

    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

// Part of every stored key: never renumber.
const KIND_REQUEST: u8 = 1;
const KIND_CAMPAIGN_AND_USER: u8 = 2;
const KIND_USER: u8 = 3;

pub(crate) fn first_16(digest: &[u8]) -> [u8; 16] {
    let mut first = [0; 16];
    for (to, from) in first.iter_mut().zip(digest) {
        *to = *from;
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: PublicId = PublicId::from_bytes([1; 12]);

    fn id(text: &str) -> ExternalId {
        ExternalId::new(text).unwrap()
    }

    #[test]
    fn the_request_id_decides_alone() {
        let (a, b) = (id("a"), id("b"));
        let key = |user, campaign| RequestKey::of(LIST, user, Some(&id("r")), campaign);
        assert_eq!(key(&a, None), key(&b, Some(&a)));
    }

    #[test]
    fn parts_do_not_run_together_and_kinds_do_not_meet() {
        let keys = [
            RequestKey::of(LIST, &id("bc"), None, Some(&id("a"))),
            RequestKey::of(LIST, &id("c"), None, Some(&id("ab"))),
            RequestKey::of(LIST, &id("a"), None, None),
            RequestKey::of(LIST, &id("x"), Some(&id("a")), None),
            RequestKey::of(PublicId::from_bytes([2; 12]), &id("a"), None, None),
        ];
        for (n, key) in keys.iter().enumerate() {
            assert!(!keys.iter().skip(n + 1).any(|other| other == key), "{n}");
        }
    }
}
