//! One 256th of a file's codes, sorted.

use std::{
    cmp::Ordering,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use super::{
    entry::Entry,
    order::{Order, Place},
    texts::Texts,
};

/// Distinct codes in order, and which of them were taken out.
#[derive(Debug)]
pub(super) struct Bucket {
    texts: Texts,
    entries: Vec<Entry>,
    /// A bit for each entry. Atomic, because several runs are merged at once; each bit stands for itself.
    out: Vec<AtomicU64>,
}

impl Bucket {
    /// Sorts the codes and drops repetitions.
    pub(super) fn sort(texts: Texts, order: &Order) -> Self {
        let mut entries = Vec::with_capacity(texts.count());
        let place = |(at, code)| Entry::new(order.place(code).prefix, at);
        entries.extend(texts.places().map(place));
        entries.sort_unstable();
        let same_prefix = |a: &Entry, b: &Entry| a.prefix() == b.prefix();
        for ties in entries.chunk_by_mut(same_prefix).filter(|ties| ties.len() > 1) {
            ties.sort_unstable_by(|a, b| compare(texts.get(a.at()), texts.get(b.at()), order));
        }
        entries.dedup_by(|a, b| same_prefix(a, b) && texts.get(a.at()) == texts.get(b.at()));
        // Of a file that repeats itself only this much is kept.
        entries.shrink_to_fit();
        let out = (0..entries.len().div_ceil(64))
            .map(|_| AtomicU64::new(0))
            .collect();
        Self { texts, entries, out }
    }

    /// The distinct codes alone, without the space that repetitions took.
    pub(super) fn into_texts(self) -> Texts {
        let mut texts = Texts::default();
        for at in 0..self.len() {
            texts.push(self.code(at).unwrap_or_default());
        }
        texts
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn code(&self, at: usize) -> Option<&[u8]> {
        Some(self.texts.get(self.entries.get(at)?.at()))
    }

    pub(super) fn is_taken_out(&self, at: usize) -> bool {
        let word = self.out.get(at / 64).map(|word| word.load(Relaxed));
        word.is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    pub(super) fn taken_out(&self) -> usize {
        let ones = self.out.iter().map(|word| word.load(Relaxed).count_ones());
        ones.map(|ones| ones as usize).sum()
    }

    /// The first entry from `from` on that does not come before this place. What is sought is mostly near, so the
    /// steps double from one.
    pub(super) fn seek(&self, from: usize, place: Place) -> usize {
        let rest = self.entries.get(from..).unwrap_or_default();
        let before = |entry: &Entry| entry.prefix() < place.prefix;
        let mut step = 1;
        while rest.get(step - 1).is_some_and(before) {
            step *= 2;
        }
        let (start, end) = (step / 2, step.min(rest.len()));
        let within = rest.get(start..end).unwrap_or_default();
        from + start + within.partition_point(before)
    }

    /// Takes out the code, if it is among the entries of this place, of which `from` is the first. True if it was there, and
    /// had not been taken out.
    pub(super) fn take_out(&self, from: usize, place: Place, code: &[u8]) -> bool {
        let here = self.entries.iter().enumerate().skip(from);
        let mut here = here.take_while(|(_, entry)| entry.prefix() == place.prefix);
        if let Some((at, _)) = here.find(|(_, entry)| self.texts.get(entry.at()) == code)
            && let Some(word) = self.out.get(at / 64)
        {
            let bit = 1 << (at % 64);
            return word.fetch_or(bit, Relaxed) & bit == 0;
        }
        false
    }
}

/// By whole fingerprint, then by bytes. Most ties are repetitions, which need no fingerprint.
fn compare(a: &[u8], b: &[u8], order: &Order) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    let fingerprints = order.fingerprint(a).cmp(&order.fingerprint(b));
    fingerprints.then_with(|| a.cmp(b))
}
