//! Bytes become codes: a CSV file, fed piece by piece, wherever the pieces are cut.
//!
//! Memory is flat whatever the file holds: one row of at most 64 KiB is kept, longer ones are counted and forgotten.

mod fields;
mod header;
mod line_ends;
mod opening;
mod piece;
mod records;
mod tally;

use domain::LoadFailure;

use self::{opening::Opening, piece::Piece, records::Records, tally::Tally};

pub use tally::RowCounts;

/// The longest row, in bytes without its line end.
const ROW_BYTES: usize = 64 * 1024;

/// A coupon file being read.
#[derive(Debug)]
pub struct Rows {
    opening: Opening,
    records: Records,
    tally: Tally,
}

impl Default for Rows {
    fn default() -> Self {
        Self::new()
    }
}

impl Rows {
    pub fn new() -> Self {
        Self {
            opening: Opening::default(),
            records: Records::new(),
            tally: Tally::default(),
        }
    }

    /// Reads on; each accepted code goes to `sink`. An error is final: the file as a whole is refused.
    pub fn feed(&mut self, bytes: &[u8], sink: &mut impl FnMut(&str)) -> Result<(), LoadFailure> {
        if self.opening.is_over() {
            return self.read(bytes, sink);
        }
        match self.opening.add(bytes) {
            Some(begun) => self.begin(&begun, sink),
            None => Ok(()),
        }
    }

    /// The end of the file. Whether it is a coupon file at all, and how it went, is known only now.
    pub fn finish(&mut self, sink: &mut impl FnMut(&str)) -> Result<(), LoadFailure> {
        if let Some(begun) = self.opening.end() {
            self.begin(&begun, sink)?;
        }
        if let Some(row) = self.records.finish()? {
            self.tally.row(&row, sink)?;
        }
        self.tally.judge()
    }

    /// How the rows went, also those of a file that is refused.
    pub fn into_counts(self) -> RowCounts {
        self.tally.into_counts()
    }

    /// Rows read so far that held a code or should have.
    pub fn counted(&self) -> u64 {
        self.tally.counted()
    }

    fn begin(&mut self, bytes: &[u8], sink: &mut impl FnMut(&str)) -> Result<(), LoadFailure> {
        let text = opening::text_of(bytes)?;
        self.read(text, sink)
    }

    fn read(&mut self, bytes: &[u8], sink: &mut impl FnMut(&str)) -> Result<(), LoadFailure> {
        let mut piece = Piece::new(bytes);
        while let Some(row) = self.records.next(&mut piece)? {
            self.tally.row(&row, sink)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
