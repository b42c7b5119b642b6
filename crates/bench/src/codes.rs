//! Code files of any size: each code is computed from its number, so no two are the same.

use std::{
    fs::File,
    io::{self, BufWriter, Write as _},
    ops::Range,
    path::Path,
};

/// 32 letters and digits that are not mistaken for each other.
const ALPHABET: [u8; 32] = *b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// Twelve characters of five bits.
const MASK: u64 = (1 << 60) - 1;
/// A code and its line feed.
pub(crate) const LINE_BYTES: u64 = 13;

/// Every step can be undone, so different numbers give different codes.
pub(crate) fn code(number: u64) -> String {
    let mut bits = number.wrapping_add(0x00c0_ffee) & MASK;
    for odd in [0x0bf5_8476_d1ce_4e5b, 0x04d0_49bb_1331_11eb] {
        bits ^= bits >> 31;
        bits = bits.wrapping_mul(odd) & MASK;
    }
    bits ^= bits >> 29;
    let mut code = String::with_capacity(12);
    for _ in 0..12 {
        // The lowest five bits are always below the alphabet's length.
        let [lowest, ..] = bits.to_le_bytes();
        code.extend(
            ALPHABET
                .get(usize::from(lowest & 31))
                .map(|&letter| char::from(letter)),
        );
        bits >>= 5;
    }
    code
}

/// In the shape of MoEngage's sample: a header, then one code a line.
pub(crate) fn write(path: &Path, numbers: Range<u64>) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    file.write_all(b"Coupon Code\n")?;
    for number in numbers {
        file.write_all(code(number).as_bytes())?;
        file.write_all(b"\n")?;
    }
    file.flush()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_distinct_and_the_same_in_each_run() {
        let codes: HashSet<String> = (0..200_000).map(code).collect();
        assert_eq!(codes.len(), 200_000);
        assert!(codes.iter().all(|code| code.len() == 12));
        assert_eq!(code(0), code(0));
    }
}
