//! Codes as they are stored: some hundreds to a block.

use domain::{BLOCK_BYTES, CodesPerBlock};
use storage::Block;

use super::{Remaining, SortedCodes, order::Order};

/// Cuts what is left of a file into blocks, numbered from 0.
#[derive(Debug)]
pub struct Blocks<'a> {
    codes: Remaining<'a>,
    order: &'a Order,
    codes_per_block: usize,
    number: i32,
}

impl<'a> Blocks<'a> {
    pub(super) fn new(codes: &'a SortedCodes, codes_per_block: CodesPerBlock) -> Self {
        Self {
            codes: codes.remaining(),
            order: &codes.order,
            codes_per_block: codes_per_block.get() as usize,
            number: 0,
        }
    }
}

impl Iterator for Blocks<'_> {
    type Item = Block;

    fn next(&mut self) -> Option<Block> {
        let first = self.codes.next()?;
        let mut codes = Vec::with_capacity(BLOCK_BYTES);
        codes.extend_from_slice(first);
        for code in self.codes.by_ref().take(self.codes_per_block - 1) {
            codes.push(b'\n');
            codes.extend_from_slice(code);
        }
        let number = self.number;
        self.number += 1;
        Some(Block {
            number,
            first_fingerprint: self.order.fingerprint(first),
            codes,
        })
    }
}
