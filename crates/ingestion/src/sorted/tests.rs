//! Files of any codes against a `BTreeSet`.

use std::collections::{BTreeSet, HashSet};

use domain::{BLOCK_BYTES, FingerprintKey};
use proptest::{collection::vec, prelude::*};

use super::*;

const KEY: FingerprintKey = FingerprintKey::from_bytes([7; 16]);

/// An order in which all fingerprints are -1, 0 or the like: nearly every code ties with others.
fn order(mask: i64) -> Order {
    let mut order = Order::new(KEY);
    order.mask = mask;
    order
}

fn sorted<'a>(order: Order, codes: impl IntoIterator<Item = &'a String>) -> SortedCodes {
    let mut sorter = Sorter::in_order(order);
    codes.into_iter().for_each(|code| sorter.push(code));
    sorter.finish()
}

fn naive<'a>(order: Order, codes: impl IntoIterator<Item = &'a String>) -> Vec<(i64, &'a str)> {
    let with_fingerprint = |code: &'a String| (order.fingerprint(code.as_bytes()), code.as_str());
    let set: BTreeSet<_> = codes.into_iter().map(with_fingerprint).collect();
    set.into_iter().collect()
}

fn run(order: Order, codes: &[String], per_block: usize) -> Vec<String> {
    let codes: Vec<_> = naive(order, codes).into_iter().map(|(_, code)| code).collect();
    codes.chunks(per_block).map(|block| block.join("\n")).collect()
}

/// From no ties at all to fingerprints of two bits and of one value.
fn any_order() -> impl Strategy<Value = Order> {
    let masks = vec![-1, i64::MIN, 0x7, i64::MIN | 1 << 40, 0];
    proptest::sample::select(masks).prop_map(order)
}

fn some_codes() -> impl Strategy<Value = Vec<String>> {
    vec("[a-dé]{1,4}", 0..300)
}

fn codes_of(block: &storage::Block) -> impl Iterator<Item = &str> {
    str::from_utf8(&block.codes).unwrap().split('\n')
}

proptest! {
    #[test]
    fn codes_come_in_order_and_once(order in any_order(), codes in some_codes()) {
        let sorted = sorted(order, &codes);
        let naive = naive(order, &codes);
        prop_assert_eq!(sorted.len(), naive.len());
        prop_assert_eq!(sorted.duplicates(), (codes.len() - naive.len()) as u64);
        prop_assert_eq!(sorted.iter().collect::<Vec<_>>(), naive);
    }

    #[test]
    fn what_earlier_runs_hold_is_taken_out(
        order in any_order(),
        codes in some_codes(),
        earlier in vec(some_codes(), 0..4),
        per_block in 1_usize..50,
    ) {
        let sorted = sorted(order, &codes);
        for earlier in &earlier {
            let mut merge = sorted.merge();
            for block in run(order, earlier, per_block) {
                merge.block(block.as_bytes());
            }
        }
        let earlier: HashSet<_> = earlier.iter().flatten().collect();
        let left = naive(order, codes.iter().filter(|code| !earlier.contains(code)));
        prop_assert_eq!(sorted.len() - sorted.taken_out(), left.len());
        prop_assert_eq!(sorted.iter().collect::<Vec<_>>(), left);
    }

    #[test]
    fn blocks_hold_what_is_left_in_order(lengths in vec(3_usize..=255, 0..800), out in some_codes()) {
        let codes: Vec<_> = lengths.iter().enumerate().map(|(n, length)| format!("{n:0length$}")).collect();
        let sorted = sorted(order(-1), codes.iter().chain(&out));
        for code in &out {
            sorted.take_out(code.as_bytes());
        }
        let per_block = sorted.codes_per_block();
        let blocks: Vec<_> = sorted.blocks(per_block).collect();
        let all: Vec<_> = blocks.iter().flat_map(codes_of).collect();
        prop_assert!(all.iter().copied().eq(sorted.iter().map(|(_, code)| code)));
        for (number, block) in (0..).zip(&blocks) {
            let first = codes_of(block).next().unwrap();
            prop_assert!(block.codes.len() <= BLOCK_BYTES);
            prop_assert_eq!(block.number, number);
            prop_assert_eq!(block.first_fingerprint, KEY.fingerprint(first.as_bytes()));
            let full = Some(block) == blocks.last() || codes_of(block).count() == per_block.get() as usize;
            prop_assert!(full);
        }
    }
}

#[test]
fn a_file_that_repeats_itself_stays_small() {
    let mut sorter = Sorter::new(KEY);
    for n in 0..3_000_000 {
        sorter.push(["AAAAAAAAAA", "BBBBBBBBBB", "CC"][n % 3]);
    }
    let codes = sorter.finish();
    assert_eq!((codes.len(), codes.duplicates()), (3, 2_999_997));
}

#[test]
fn an_empty_file_has_no_blocks() {
    let sorted = Sorter::new(KEY).finish();
    assert!(sorted.is_empty());
    assert_eq!(sorted.blocks(sorted.codes_per_block()).count(), 0);
    sorted.merge().block(b"A\nB");
}
