//! Coupon files of any size that nobody has to store: each code is computed from its number.

use bytes::Bytes;

const HEADER: &str = "Coupon Code\r\n";
const CODE: usize = 12;
const LINE: u64 = 14;

/// 32 letters and digits that are not mistaken for each other.
const ALPHABET: [u8; 32] = *b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// Twelve characters of five bits.
const MASK: u64 = (1 << 60) - 1;

/// How many bytes are made at once.
const CHUNK_CODES: u64 = 4_096;

/// A file in the shape of MoEngage's sample: a header, CRLF, one code a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct CodeFile {
    pub(super) codes: u64,
    seed: u64,
}

impl CodeFile {
    pub(super) fn of(codes: u64) -> Self {
        Self {
            codes,
            seed: rand::random(),
        }
    }

    /// As many codes as fit.
    pub(super) fn filling(bytes: u64) -> Self {
        Self::of((bytes - HEADER.len() as u64) / LINE)
    }

    pub(super) fn bytes(&self) -> u64 {
        HEADER.len() as u64 + self.codes * LINE
    }

    /// The same bytes every time: a fetch that broke off is tried again.
    pub(super) fn chunks(self) -> impl Iterator<Item = Bytes> {
        let rows = (0..self.codes).step_by(4_096).map(move |first| {
            let last = (first + CHUNK_CODES).min(self.codes);
            let mut chunk = Vec::with_capacity(4_096 * 14);
            for number in first..last {
                chunk.extend_from_slice(&self.code(number));
                chunk.extend_from_slice(b"\r\n");
            }
            Bytes::from(chunk)
        });
        std::iter::once(Bytes::from_static(HEADER.as_bytes())).chain(rows)
    }

    /// Every step can be undone, so different numbers give different codes. Real codes must come from a generator
    /// that nobody can guess.
    fn code(&self, number: u64) -> [u8; CODE] {
        let mut bits = number.wrapping_add(self.seed) & MASK;
        for odd in [0x0bf5_8476_d1ce_4e5b, 0x04d0_49bb_1331_11eb] {
            bits ^= bits >> 31;
            bits = bits.wrapping_mul(odd) & MASK;
        }
        bits ^= bits >> 29;
        std::array::from_fn(|place| {
            let letter = (bits >> (5 * place)) & 31;
            ALPHABET.get(letter as usize).copied().unwrap_or(b'0')
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_file_is_as_long_as_it_says_and_no_code_comes_twice() {
        for codes in [0, 1, CHUNK_CODES - 1, CHUNK_CODES, 10_000] {
            let file = CodeFile::of(codes);
            let text: Vec<u8> = file.chunks().flatten().collect();
            assert_eq!(text.len() as u64, file.bytes());
            let text = String::from_utf8(text).unwrap();
            let rows: HashSet<&str> = text
                .strip_prefix(HEADER)
                .unwrap()
                .split_terminator("\r\n")
                .collect();
            assert_eq!(rows.len() as u64, codes);
            assert!(rows.iter().all(|row| row.len() == CODE));
        }
    }

    #[test]
    fn the_largest_file_keeps_the_limit() {
        let file = CodeFile::filling(domain::HOSTED_FILE_BYTES);
        assert!(file.bytes() <= domain::HOSTED_FILE_BYTES);
        assert!(file.bytes() + LINE > domain::HOSTED_FILE_BYTES);
    }
}
