//! The codes' bytes, kept where they were first put.

use domain::CODE_BYTES;

/// Small enough that 256 half-filled ones are nothing, large enough that a thousand codes share one.
const CHUNK_BYTES: usize = 1 << CHUNK_BITS;
const CHUNK_BITS: u32 = 14;

/// Codes one after the other, each behind one byte with its length. In chunks, because a growing vector would hold
/// everything twice while it moves.
#[derive(Debug, Default)]
pub(super) struct Texts {
    chunks: Vec<Vec<u8>>,
    count: usize,
}

impl Texts {
    /// A code of 1 to 255 bytes.
    pub(super) fn push(&mut self, code: &[u8]) {
        debug_assert!(code.len() <= CODE_BYTES, "check_code lets no longer one pass");
        let length = u8::try_from(code.len()).unwrap_or(u8::MAX);
        let full = |chunk: &Vec<u8>| chunk.len() + 1 + code.len() > CHUNK_BYTES;
        if self.chunks.last().is_none_or(full) {
            self.chunks.push(Vec::with_capacity(CHUNK_BYTES));
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.push(length);
            chunk.extend_from_slice(code);
            self.count += 1;
        }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The memory in use, to the chunk.
    pub(super) fn bytes(&self) -> usize {
        self.chunks.len() * CHUNK_BYTES
    }

    /// The code at a place that `places` gave.
    #[inline]
    pub(super) fn get(&self, at: u32) -> &[u8] {
        let (chunk, start) = (at as usize >> CHUNK_BITS, at as usize % CHUNK_BYTES);
        let chunk = self.chunks.get(chunk).and_then(|chunk| chunk.get(start..));
        first(chunk.unwrap_or_default()).unwrap_or_default()
    }

    pub(super) fn places(&self) -> impl Iterator<Item = (u32, &[u8])> {
        (0_u32..).zip(&self.chunks).flat_map(|(number, chunk)| {
            let mut start = 0_u32;
            std::iter::from_fn(move || {
                let code = first(chunk.get(start as usize..)?)?;
                let at = number << CHUNK_BITS | start;
                start += u32::try_from(code.len()).unwrap_or_default() + 1;
                Some((at, code))
            })
        })
    }
}

fn first(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.split_first()?;
    rest.get(..usize::from(*length))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_code_is_found_where_it_was_put(lengths in proptest::collection::vec(1_usize..=255, 0..2000)) {
            let codes: Vec<_> = lengths.iter().map(|length| vec![b'x'; *length]).collect();
            let mut texts = Texts::default();
            for code in &codes {
                texts.push(code);
            }
            prop_assert_eq!(texts.count(), codes.len());
            prop_assert!(texts.places().map(|(_, code)| code).eq(&codes));
            for (at, code) in texts.places() {
                prop_assert_eq!(texts.get(at), code);
            }
        }
    }
}
