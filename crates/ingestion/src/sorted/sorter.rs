//! Collecting a file's codes, in any order.

use std::{mem, num::NonZeroUsize, thread};

use domain::FingerprintKey;

use super::{
    SortedCodes,
    bucket::Bucket,
    order::{BUCKETS, Order},
    texts::Texts,
};

/// No bucket of a 100 MB file without repetitions comes near this; one that does is rid of them at once, so that a
/// file of one code fifty million times does not need an entry for each.
const BUCKET_BYTES: usize = 1024 * 1024;

/// More threads would wait for memory, and other files are loaded at the same time.
const MAX_THREADS: usize = 4;

/// Takes a file's codes as they come.
#[derive(Debug)]
pub struct Sorter {
    order: Order,
    buckets: Vec<Collecting>,
    duplicates: u64,
}

#[derive(Debug)]
struct Collecting {
    texts: Texts,
    limit: usize,
}

impl Sorter {
    pub fn new(key: FingerprintKey) -> Self {
        Self::in_order(Order::new(key))
    }

    pub(super) fn in_order(order: Order) -> Self {
        let empty = || Collecting {
            texts: Texts::default(),
            limit: BUCKET_BYTES,
        };
        Self {
            order,
            buckets: (0..BUCKETS).map(|_| empty()).collect(),
            duplicates: 0,
        }
    }

    /// Adds a code that `domain::check_code` let pass.
    pub fn push(&mut self, code: &str) {
        let code = code.as_bytes();
        let bucket = self.order.place(code).bucket;
        if let Some(bucket) = self.buckets.get_mut(bucket) {
            bucket.texts.push(code);
            if bucket.texts.bytes() > bucket.limit {
                self.duplicates += bucket.drop_repetitions(&self.order);
            }
        }
    }

    /// Sorts what came. Keeps its thread and a few others busy for a while.
    pub fn finish(self) -> SortedCodes {
        let order = self.order;
        let collected = self.buckets.iter().map(|bucket| bucket.texts.count());
        let collected: usize = collected.sum();
        let buckets = sort_all(self.buckets, &order);
        let distinct: usize = buckets.iter().map(Bucket::len).sum();
        SortedCodes {
            order,
            buckets,
            duplicates: self.duplicates + (collected - distinct) as u64,
        }
    }
}

impl Collecting {
    fn drop_repetitions(&mut self, order: &Order) -> u64 {
        let before = self.texts.count();
        self.texts = Bucket::sort(mem::take(&mut self.texts), order).into_texts();
        self.limit = BUCKET_BYTES.max(2 * self.texts.bytes());
        (before - self.texts.count()) as u64
    }
}

/// Fingerprints spread evenly, so equal shares of the buckets are equal shares of the work.
fn sort_all(mut buckets: Vec<Collecting>, order: &Order) -> Vec<Bucket> {
    let threads = thread::available_parallelism()
        .map_or(1, NonZeroUsize::get)
        .min(MAX_THREADS);
    let mut sorted: Vec<Vec<Bucket>> = Vec::new();
    thread::scope(|scope| {
        let shares = buckets.chunks_mut(BUCKETS.div_ceil(threads));
        let at_work: Vec<_> = shares
            .map(|share| scope.spawn(|| sort_share(share, order)))
            .collect();
        sorted.extend(at_work.into_iter().map(|thread| {
            // The panic goes on in the thread that waits for the result.
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        }));
    });
    sorted.into_iter().flatten().collect()
}

fn sort_share(share: &mut [Collecting], order: &Order) -> Vec<Bucket> {
    let texts = share.iter_mut().map(|bucket| mem::take(&mut bucket.texts));
    texts.map(|texts| Bucket::sort(texts, order)).collect()
}
