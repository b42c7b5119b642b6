//! Where a code belongs.

use domain::FingerprintKey;

/// The buckets' number is two to this power.
/// So many that the texts and entries of one bucket of a 100 MB file fit in a core's cache: it is sorted and read in
/// another order than it came in.
const BUCKET_BITS: u32 = 8;
pub(super) const BUCKETS: usize = 1 << BUCKET_BITS;

/// The list's order of codes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order {
    key: FingerprintKey,
    /// Makes fingerprints meet, which real ones never do while a test is watching.
    #[cfg(test)]
    pub(super) mask: i64,
}

impl Order {
    pub(super) fn new(key: FingerprintKey) -> Self {
        Self {
            key,
            #[cfg(test)]
            mask: -1,
        }
    }

    #[inline]
    pub(super) fn fingerprint(&self, code: &[u8]) -> i64 {
        let fingerprint = self.key.fingerprint(code);
        #[cfg(test)]
        let fingerprint = fingerprint & self.mask;
        fingerprint
    }

    #[inline]
    pub(super) fn place(&self, code: &[u8]) -> Place {
        Place::of(self.fingerprint(code))
    }
}

/// The first 40 bits of a fingerprint: which bucket, and where about in it. Places are in the fingerprints' order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) bucket: usize,
    pub(super) prefix: u32,
}

impl Place {
    #[inline]
    fn of(fingerprint: i64) -> Self {
        // Signed order: with the sign flipped, negative numbers come first.
        let bits = fingerprint.cast_unsigned() ^ (1 << 63);
        let rest = bits << BUCKET_BITS;
        // 8 bits and 32: nothing is cut off.
        Self {
            bucket: (bits >> (u64::BITS - BUCKET_BITS)) as usize,
            prefix: (rest >> 32) as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn places_are_in_the_signed_order_of_fingerprints(a: i64, b: i64) {
            let (less, more) = (Place::of(a.min(b)), Place::of(a.max(b)));
            prop_assert!(less <= more);
            prop_assert!(more.bucket < BUCKETS);
        }
    }

    #[test]
    fn the_least_fingerprint_comes_first() {
        assert_eq!(Place::of(i64::MIN), Place { bucket: 0, prefix: 0 });
        assert_eq!(Place::of(0).bucket, 128);
        let last = Place {
            bucket: 255,
            prefix: u32::MAX,
        };
        assert_eq!(Place::of(i64::MAX), last);
    }
}
