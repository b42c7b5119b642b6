//! What an earlier file of the list has already, the new one does not bring again.

use super::SortedCodes;

/// A walk through the new codes, beside one earlier run in the same order. Equal codes are taken out; bytes decide.
///
/// It only moves forward, by leaps where the run is sparse: a thousand small runs cost what is in them, not a thousand
/// walks through the new file.
#[derive(Debug)]
pub struct RunMerge<'a> {
    codes: &'a SortedCodes,
    bucket: usize,
    at: usize,
    taken_out: u64,
}

impl<'a> RunMerge<'a> {
    pub(super) fn new(codes: &'a SortedCodes) -> Self {
        Self {
            codes,
            bucket: 0,
            at: 0,
            taken_out: 0,
        }
    }

    /// How many codes this walk has taken out.
    pub fn taken_out(&self) -> u64 {
        self.taken_out
    }

    /// The next block of the run: codes parted by line feeds.
    pub fn block(&mut self, codes: &[u8]) {
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', codes).chain([codes.len()]) {
            self.code(codes.get(start..end).unwrap_or_default());
            start = end + 1;
        }
    }

    pub(super) fn code(&mut self, code: &[u8]) {
        let place = self.codes.order.place(code);
        if place.bucket != self.bucket {
            (self.bucket, self.at) = (place.bucket, 0);
        }
        if let Some(bucket) = self.codes.buckets.get(place.bucket) {
            self.at = bucket.seek(self.at, place);
            self.taken_out += u64::from(bucket.take_out(self.at, place, code));
        }
    }
}
