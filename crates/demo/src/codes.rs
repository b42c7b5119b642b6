//! Coupon files of any size that nobody has to store: each code is computed from its number.

use std::iter::once;

use bytes::Bytes;

const HEADER: &str = "Coupon Code";
/// Of a code, in bytes.
pub const LENGTH: usize = 12;

/// 32 letters and digits that are not mistaken for each other.
const ALPHABET: [u8; 32] = *b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// Twelve characters of five bits.
const MASK: u64 = (1 << 60) - 1;

/// How many codes are made at once.
const CHUNK: u64 = 4_096;

/// A file in the shape of MoEngage's sample: a header, then one code a line.
#[derive(Debug, Clone, Copy)]
pub struct CodeFile {
    first: u64,
    codes: u64,
    line_end: &'static str,
}

impl CodeFile {
    /// So many codes, from the one with this number on.
    pub fn new(first: u64, codes: u64, line_end: &'static str) -> Self {
        Self {
            first,
            codes,
            line_end,
        }
    }

    /// As many codes as fit.
    pub fn filling(bytes: u64, first: u64, line_end: &'static str) -> Self {
        let empty = Self::new(first, 0, line_end);
        Self::new(first, (bytes - empty.bytes()) / empty.line(), line_end)
    }

    pub fn codes(&self) -> u64 {
        self.codes
    }

    pub fn bytes(&self) -> u64 {
        (HEADER.len() + self.line_end.len()) as u64 + self.codes * self.line()
    }

    fn line(&self) -> u64 {
        (LENGTH + self.line_end.len()) as u64
    }

    /// The same bytes every time: a fetch that broke off is tried again.
    pub fn chunks(self) -> impl Iterator<Item = Bytes> + Send {
        let lines = (0..self.codes).step_by(4_096).map(move |first| {
            let mut chunk = Vec::with_capacity(4_096 * 14);
            for number in first..(first + CHUNK).min(self.codes) {
                chunk.extend_from_slice(&code(self.first.wrapping_add(number)));
                chunk.extend_from_slice(self.line_end.as_bytes());
            }
            Bytes::from(chunk)
        });
        once(Bytes::from(format!("{HEADER}{}", self.line_end))).chain(lines)
    }
}

/// Every step can be undone, so different numbers give different codes. Real codes must come from a generator that
/// nobody can guess.
pub fn code(number: u64) -> [u8; LENGTH] {
    let mut bits = number.wrapping_add(0x00c0_ffee) & MASK;
    for odd in [0x0bf5_8476_d1ce_4e5b, 0x04d0_49bb_1331_11eb] {
        bits ^= bits >> 31;
        bits = bits.wrapping_mul(odd) & MASK;
    }
    bits ^= bits >> 29;
    std::array::from_fn(|index| {
        let letter = (bits >> (5 * index)) & 31;
        ALPHABET.get(letter as usize).copied().unwrap_or(b'0')
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_file_is_as_long_as_it_says_and_no_code_comes_twice() {
        for line_end in ["\n", "\r\n"] {
            for codes in [0, 1, CHUNK - 1, CHUNK, 200_000] {
                let file = CodeFile::new(7, codes, line_end);
                let text: Vec<u8> = file.chunks().flatten().collect();
                assert_eq!(text.len() as u64, file.bytes());
                let text = String::from_utf8(text).unwrap();
                let mut lines = text.split_terminator(line_end);
                assert_eq!(lines.next(), Some(HEADER));
                let lines: HashSet<&str> = lines.collect();
                assert_eq!(lines.len() as u64, codes);
                assert!(lines.iter().all(|line| line.len() == LENGTH));
            }
        }
    }

    #[test]
    fn a_full_file_has_no_room_for_another_code() {
        let limit = 104_857_600;
        let file = CodeFile::filling(limit, 0, "\r\n");
        assert!(file.bytes() <= limit);
        assert!(file.bytes() + file.line() > limit);
    }

    #[test]
    fn codes_are_the_same_in_each_version() {
        assert_eq!(code(0), *b"6NX67B4KSRZP");
    }
}
