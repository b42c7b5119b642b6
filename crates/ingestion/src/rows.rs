//! Bytes become codes: a CSV file, fed piece by piece, wherever the pieces are cut.
//!
//! Memory is flat whatever the file holds: one row of at most 64 KiB is kept, longer ones are counted and forgotten.

mod fields;
mod head;
mod header;
mod kinds;
mod line_ends;
mod opening;
mod piece;
mod records;
mod rejected;
mod tally;
mod visible;

use domain::LoadFailure;

use self::{head::Head, opening::Opening, piece::Piece, records::Records, tally::Tally};

pub use tally::RowCounts;

/// The longest row, in bytes without its line end.
const ROW_BYTES: usize = 64 * 1024;

/// A coupon file being read.
#[derive(Debug)]
pub struct Rows {
    opening: Opening,
    head: Head,
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
            head: Head::default(),
            records: Records::new(b','),
            tally: Tally::default(),
        }
    }

    /// Reads on; each accepted code goes to `sink`. An error is final: the file as a whole is refused.
    pub fn feed(&mut self, bytes: &[u8], sink: &mut impl FnMut(&str)) -> Result<(), LoadFailure> {
        let begun = if self.opening.is_over() {
            self.read(bytes, sink)
        } else if let Some(begun) = self.opening.add(bytes) {
            self.begin(&begun, sink)
        } else {
            Ok(())
        };
        begun.map_err(|failure| self.explained(failure))
    }

    /// The end of the file. Whether it is a coupon file at all, and how it went, is known only now.
    pub fn finish(&mut self, sink: &mut impl FnMut(&str)) -> Result<(), LoadFailure> {
        self.end(sink).map_err(|failure| self.explained(failure))
    }

    /// How the rows went, also those of a file that is refused.
    pub fn into_counts(self) -> RowCounts {
        self.tally.into_counts()
    }

    /// Rows read so far that held a code or should have.
    pub fn counted(&self) -> u64 {
        self.tally.counted()
    }

    fn end(&mut self, sink: &mut impl FnMut(&str)) -> Result<(), LoadFailure> {
        if let Some(begun) = self.opening.end() {
            self.begin(&begun, sink)?;
        }
        if let Some(row) = self.records.finish()? {
            self.tally.row(row, sink)?;
        }
        self.tally.judge()
    }

    fn begin(&mut self, bytes: &[u8], sink: &mut impl FnMut(&str)) -> Result<(), LoadFailure> {
        let text = opening::text_of(bytes)?;
        self.head = Head::new(text);
        self.records = Records::new(self.head.separator());
        self.read(text, sink)
    }

    fn read(&mut self, bytes: &[u8], sink: &mut impl FnMut(&str)) -> Result<(), LoadFailure> {
        let mut piece = Piece::new(bytes);
        while let Some(row) = self.records.next(&mut piece)? {
            self.tally.row(row, sink)?;
        }
        Ok(())
    }

    /// A file without a header is told as what it is.
    fn explained(&mut self, failure: LoadFailure) -> LoadFailure {
        if self.tally.has_header() {
            return failure;
        }
        let (failure, first_line) = self.head.explain(failure);
        self.tally.note_first_line(first_line);
        failure
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
