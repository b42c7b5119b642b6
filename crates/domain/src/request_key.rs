//! What makes a retry safe: one code for each key, for the life of the list.

use std::ops::RangeInclusive;

use sha2::{Digest as _, Sha256};

use crate::{ExternalId, PublicId};

/// The first 16 bytes of SHA-256 over the list's id, a kind byte and the length-prefixed parts. The list's id is in it,
/// so the key alone is unique. Where the user is a part, the first half is the user's: what one person got stands side by
/// side, and the keys' index finds it.
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
        Self(match (request, campaign) {
            (Some(request), _) => digest(list, KIND_REQUEST, &[request]),
            (None, Some(campaign)) => {
                let both = digest(list, KIND_CAMPAIGN_AND_USER, &[campaign, user]);
                halves(digest(list, KIND_USER, &[user]), both)
            }
            (None, None) => digest(list, KIND_USER, &[user]),
        })
    }

    /// Where the keys of this user's requests without an id of their own are.
    pub fn range_of(list: PublicId, user: &ExternalId) -> RangeInclusive<Self> {
        let of_user = digest(list, KIND_USER, &[user]);
        Self(halves(of_user, [0; 16]))..=Self(halves(of_user, [0xff; 16]))
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

fn digest(list: PublicId, kind: u8, parts: &[&ExternalId]) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(list.as_bytes());
    hash.update([kind]);
    for part in parts {
        hash.update((part.as_str().len() as u64).to_be_bytes());
        hash.update(part.as_str());
    }
    first_16(&hash.finalize())
}

/// The first half of one and the second of the other.
fn halves(mut first: [u8; 16], second: [u8; 16]) -> [u8; 16] {
    for (to, from) in first.iter_mut().zip(second).skip(8) {
        *to = from;
    }
    first
}

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
    fn all_keys_of_a_user_are_in_the_users_range_but_those_of_a_request_id() {
        let (a, b, c) = (id("a"), id("b"), id("c"));
        let range = |user| {
            let range = RequestKey::range_of(LIST, user);
            range.start().0..=range.end().0
        };
        for key in [
            RequestKey::of(LIST, &a, None, None),
            RequestKey::of(LIST, &a, None, Some(&b)),
            RequestKey::of(LIST, &a, None, Some(&c)),
        ] {
            assert!(range(&a).contains(&key.0));
            assert!(!range(&b).contains(&key.0));
        }
        assert!(!range(&a).contains(&RequestKey::of(LIST, &a, Some(&a), None).0));
    }

    #[test]
    fn parts_do_not_run_together_and_kinds_do_not_meet() {
        let keys = [
            RequestKey::of(LIST, &id("bc"), None, Some(&id("a"))),
            RequestKey::of(LIST, &id("c"), None, Some(&id("ab"))),
            RequestKey::of(LIST, &id("c"), None, Some(&id("a"))),
            RequestKey::of(LIST, &id("bc"), None, None),
            RequestKey::of(LIST, &id("a"), None, None),
            RequestKey::of(LIST, &id("x"), Some(&id("a")), None),
            RequestKey::of(PublicId::from_bytes([2; 12]), &id("a"), None, None),
        ];
        for (n, key) in keys.iter().enumerate() {
            assert!(!keys.iter().skip(n + 1).any(|other| other == key), "{n}");
        }
    }
}
