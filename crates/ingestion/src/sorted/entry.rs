//! What is sorted in place of a code.

/// A code's prefix (the high half) and where its text is (the low half), so that comparing entries compares prefixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry(u64);

impl Entry {
    pub(super) fn new(prefix: u32, at: u32) -> Self {
        Self(u64::from(prefix) << 32 | u64::from(at))
    }

    pub(super) fn prefix(self) -> u32 {
        (self.0 >> 32) as u32
    }

    pub(super) fn at(self) -> u32 {
        #[expect(clippy::cast_possible_truncation, reason = "the low half")]
        {
            self.0 as u32
        }
    }
}
