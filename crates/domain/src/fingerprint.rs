//! The keyed hash that orders a file's codes and finds them again.

use std::{fmt, hash::Hasher as _};

use siphasher::sip::SipHasher13;

/// A list's random 128-bit key, made once and never changed: all its stored order depends on it. Keyed, so that
/// nobody can choose codes that fall into one block or guess the order of handing out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FingerprintKey([u8; 16]);

impl FingerprintKey {
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// SipHash-1-3 of the code's bytes, as the signed number that PostgreSQL's `bigint` compares the same way.
    /// Stored for ever: the test vectors below are the definition.
    #[inline]
    pub fn fingerprint(&self, code: &[u8]) -> i64 {
        let mut hasher = SipHasher13::new_with_key(&self.0);
        hasher.write(code);
        hasher.finish().cast_signed()
    }
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FingerprintKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: FingerprintKey =
        FingerprintKey::from_bytes([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);

    /// Computed with an independent implementation of SipHash-1-3.
    #[test]
    fn fingerprints_are_what_they_were_on_the_first_day() {
        for (code, fingerprint) in [
            ("", -6_076_480_319_675_972_388),
            ("A", -6_572_285_545_031_727_294),
            ("BF20-WERT-NBVC", -5_494_198_824_006_767_730),
            ("12345678", 1_272_526_060_793_997_774),
            ("123456789", -880_542_017_842_199_570),
            ("Grüße-2026", -620_348_549_448_009_246),
            (&"x".repeat(255), -4_960_888_145_759_496_967),
        ] {
            assert_eq!(KEY.fingerprint(code.as_bytes()), fingerprint, "{code}");
        }
    }

    #[test]
    fn another_key_gives_another_order() {
        let other = FingerprintKey::from_bytes([7; 16]);
        assert_ne!(
            KEY.fingerprint(b"BF20-WERT-NBVC"),
            other.fingerprint(b"BF20-WERT-NBVC")
        );
    }
}
