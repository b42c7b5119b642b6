//! How a file's codes are cut into blocks.

use std::num::NonZeroU32;

/// The most bytes one block's text may have, line feeds between its codes included. A PostgreSQL row of this size
/// stays in one 8 KiB page with its header, so no block is moved out of line.
pub const BLOCK_BYTES: usize = 7_900;

/// The number of codes in every block of one file (the last block may hold fewer). One number for the whole file, so
/// that a code's block is found by division and read by its whole key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodesPerBlock(NonZeroU32);

impl CodesPerBlock {
    pub const fn new(number: NonZeroU32) -> Self {
        Self(number)
    }

    pub const fn get(self) -> u32 {
        self.0.get()
    }

    /// The largest number with which every block of these codes, in this order, fits. `lengths` are the codes' bytes.
    /// Starts from what the mean length promises and gives way step by step, so that one long code among short ones
    /// does not make all blocks small.
    pub fn that_fits(lengths: &(impl Iterator<Item = u8> + Clone)) -> Self {
        let (count, bytes) = lengths.clone().fold((0_usize, 0_usize), |(n, sum), len| {
            (n + 1, sum + usize::from(len) + 1)
        });
        let mut number = (BLOCK_BYTES + 1) * count.max(1) / bytes.max(1);
        while number > 1 && !fits(lengths.clone(), number) {
            number -= number.div_ceil(50);
        }
        let number = u32::try_from(number).ok().and_then(NonZeroU32::new);
        Self(number.unwrap_or(NonZeroU32::MIN))
    }

    /// The number of the block that holds the code at this place.
    pub const fn block_of(self, ordinal: i64) -> i64 {
        ordinal / self.0.get() as i64
    }
}

fn fits(lengths: impl Iterator<Item = u8>, number: usize) -> bool {
    // `n` codes have `n - 1` separators; one more byte on both sides of the comparison.
    let (mut used, mut bytes) = (0, 0);
    for len in lengths {
        if used == number {
            (used, bytes) = (0, 0);
        }
        used += 1;
        bytes += usize::from(len) + 1;
        if bytes > BLOCK_BYTES + 1 {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn codes_of_twelve_bytes_come_607_to_a_block() {
        assert_eq!(
            CodesPerBlock::that_fits(&std::iter::repeat_n(12, 10_000)).get(),
            607
        );
    }

    #[test]
    fn one_long_code_does_not_make_all_blocks_small() {
        let lengths = (0..100_000).map(|n| if n == 777 { 255 } else { 8 });
        assert!(CodesPerBlock::that_fits(&lengths).get() > 800);
    }

    #[test]
    fn the_longest_codes_still_fit() {
        assert_eq!(
            CodesPerBlock::that_fits(&std::iter::repeat_n(255, 1000)).get(),
            30
        );
        assert_eq!(CodesPerBlock::that_fits(&std::iter::empty()).get(), 7_901);
    }

    proptest! {
        #[test]
        fn no_block_is_too_long(lengths in proptest::collection::vec(1_u8..=255, 0..3000)) {
            let number = CodesPerBlock::that_fits(&lengths.iter().copied()).get() as usize;
            for block in lengths.chunks(number) {
                let text = block.iter().map(|len| usize::from(*len)).sum::<usize>() + block.len() - 1;
                prop_assert!(text <= BLOCK_BYTES);
            }
        }
    }
}
