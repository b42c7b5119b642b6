//! A file's codes in the order they are stored in: by fingerprint, ties by bytes, each once.
//!
//! Codes go into 256 buckets by the first bits of their fingerprint and stay where they are put; what is sorted is one
//! 8-byte entry for each. So a 100 MB file takes its own size and 8 bytes for each distinct code, whatever is in it.

mod blocks;
mod bucket;
mod entry;
mod order;
mod run_merge;
mod sorter;
mod texts;

use std::iter;

use domain::CodesPerBlock;

use self::{bucket::Bucket, order::Order};

pub use blocks::Blocks;
pub use run_merge::RunMerge;
pub use sorter::Sorter;

/// The distinct codes of a file. Those the list turns out to have already are taken out one by one.
#[derive(Debug)]
pub struct SortedCodes {
    order: Order,
    buckets: Vec<Bucket>,
    duplicates: u64,
}

impl SortedCodes {
    /// The distinct codes, those taken out included.
    pub fn len(&self) -> usize {
        self.buckets.iter().map(Bucket::len).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Codes that came more than once, each repetition counted.
    pub fn duplicates(&self) -> u64 {
        self.duplicates
    }

    /// Codes taken out because the list has them.
    pub fn taken_out(&self) -> usize {
        self.buckets.iter().map(Bucket::taken_out).sum()
    }

    /// The codes that are left, in order, each with its fingerprint.
    pub fn iter(&self) -> impl Iterator<Item = (i64, &str)> {
        self.remaining()
            .map(|code| (self.order.fingerprint(code), text(code)))
    }

    /// Takes a code out, if it is there.
    pub fn take_out(&self, code: &[u8]) {
        RunMerge::new(self).code(code);
    }

    /// Goes along with one earlier run of the list; several may do so at once.
    pub fn merge(&self) -> RunMerge<'_> {
        RunMerge::new(self)
    }

    /// How many of the codes that are left go into each block.
    pub fn codes_per_block(&self) -> CodesPerBlock {
        // Looked at several times, and lengths alone are much faster to go through than codes.
        let mut lengths = Vec::with_capacity(self.len());
        let length = |code: &[u8]| u8::try_from(code.len()).unwrap_or(u8::MAX);
        lengths.extend(self.remaining().map(length));
        CodesPerBlock::that_fits(&lengths.iter().copied())
    }

    /// The codes that are left as they are stored.
    pub fn blocks(&self, codes_per_block: CodesPerBlock) -> Blocks<'_> {
        Blocks::new(self, codes_per_block)
    }

    fn remaining(&self) -> Remaining<'_> {
        Remaining {
            buckets: self.buckets.iter(),
            bucket: None,
            next: 0,
        }
    }
}

/// The codes that are left, in order.
#[derive(Debug, Clone)]
struct Remaining<'a> {
    buckets: std::slice::Iter<'a, Bucket>,
    bucket: Option<&'a Bucket>,
    next: usize,
}

impl<'a> Iterator for Remaining<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            if let Some(bucket) = self.bucket {
                let left = iter::successors(Some(self.next), |at| Some(at + 1));
                let mut left = left.take_while(|at| *at < bucket.len());
                if let Some(at) = left.find(|at| !bucket.is_taken_out(*at)) {
                    self.next = at + 1;
                    return bucket.code(at);
                }
            }
            (self.bucket, self.next) = (Some(self.buckets.next()?), 0);
        }
    }
}

fn text(code: &[u8]) -> &str {
    // Codes come as `&str` and are never cut.
    str::from_utf8(code).unwrap_or_default()
}

#[cfg(test)]
mod tests;
