//! An allocation: which code went out, and what became of it.

use std::{hash::Hasher as _, str::FromStr};

use siphasher::sip::SipHasher24;

use crate::FingerprintKey;

/// The states of an allocation, spelled as on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllocationStatus {
    Allocated,
    Held,
    Released,
    Redeemed,
}

impl AllocationStatus {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allocated => "ALLOCATED",
            Self::Held => "HELD",
            Self::Released => "RELEASED",
            Self::Redeemed => "REDEEMED",
        }
    }
}

/// A text that is the word of no status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be ALLOCATED, HELD, RELEASED or REDEEMED")]
pub struct NoSuchStatus;

impl FromStr for AllocationStatus {
    type Err = NoSuchStatus;

    fn from_str(word: &str) -> Result<Self, NoSuchStatus> {
        [Self::Allocated, Self::Held, Self::Released, Self::Redeemed]
            .into_iter()
            .find(|status| status.as_str() == word)
            .ok_or(NoSuchStatus)
    }
}

/// Where a hand-out stands in the ledger, within its list: the file, the code's place in it (from 0), and how often
/// that code had been given back before (0 the first time).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Position {
    pub file_id: i64,
    pub ordinal: i64,
    pub turn: i32,
}

/// An allocation's `_id`: its position and a 64-bit MAC under the list's key, 48 hex digits. The MAC keeps ids from
/// being guessed or carried to another list; the position needs no index of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllocationId(Position);

impl AllocationId {
    pub fn encode(position: Position, key: FingerprintKey) -> String {
        let plain = bytes_of(position);
        let mut whole = [0; 24];
        let (front, mac) = whole.split_at_mut(16);
        front.copy_from_slice(&plain);
        mac.copy_from_slice(&mac_of(&plain, key).to_be_bytes());
        hex::encode(whole)
    }

    /// The position in an id of this list, or nothing if it is not one.
    pub fn decode(text: &str, key: FingerprintKey) -> Option<Position> {
        let mut whole = [0; 24];
        hex::decode_to_slice(text, &mut whole).ok()?;
        let (file, rest) = whole.split_first_chunk::<8>()?;
        let (ordinal, rest) = rest.split_first_chunk::<4>()?;
        let turn = rest.first_chunk::<4>()?;
        let position = Position {
            file_id: i64::from_be_bytes(*file),
            ordinal: i64::from(u32::from_be_bytes(*ordinal)),
            turn: i32::from_be_bytes(*turn),
        };
        (Self::encode(position, key) == text).then_some(position)
    }
}

fn bytes_of(position: Position) -> [u8; 16] {
    // A file has at most 100 million codes, so an ordinal fits in 32 bits.
    let ordinal = u32::try_from(position.ordinal).unwrap_or(u32::MAX);
    let mut bytes = [0; 16];
    let fields = position
        .file_id
        .to_be_bytes()
        .into_iter()
        .chain(ordinal.to_be_bytes());
    for (to, from) in bytes.iter_mut().zip(fields.chain(position.turn.to_be_bytes())) {
        *to = from;
    }
    bytes
}

fn mac_of(plain: &[u8; 16], key: FingerprintKey) -> u64 {
    // SipHash-2-4, not the 1-3 of the fingerprints: no code's fingerprint can serve as a MAC.
    let mut hasher = SipHasher24::new_with_key(key.as_bytes());
    hasher.write(b"allocation id");
    hasher.write(plain);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: FingerprintKey = FingerprintKey::from_bytes([3; 16]);

    proptest! {
        #[test]
        fn an_id_leads_back_to_its_position(file_id in 0_i64.., ordinal in 0_i64..100_000_000, turn in 0_i32..) {
            let position = Position { file_id, ordinal, turn };
            let id = AllocationId::encode(position, KEY);
            prop_assert_eq!(id.len(), 48);
            prop_assert_eq!(AllocationId::decode(&id, KEY), Some(position));
            prop_assert_eq!(AllocationId::decode(&id, FingerprintKey::from_bytes([4; 16])), None);
        }
    }

    #[test]
    fn a_changed_or_foreign_id_is_none() {
        let id = AllocationId::encode(
            Position {
                file_id: 1,
                ordinal: 2,
                turn: 0,
            },
            KEY,
        );
        let next = id.replacen("0000000100000002", "0000000100000003", 1);
        assert_ne!(id, next);
        for text in [next.as_str(), &id.to_uppercase(), "", "6721d00eefc476c0f67e0d05"] {
            assert_eq!(AllocationId::decode(text, KEY), None, "{text}");
        }
    }
}
