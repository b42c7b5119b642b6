//! Bytes become rows of fields: RFC 4180 by `csv-core`, with lines counted and memory bounded round it.

use std::fmt;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use domain::{LoadFailure, RejectReason};

use super::{
    ROW_BYTES,
    fields::{Fields, Row},
    line_ends::LineEnds,
    piece::Piece,
};

/// The rows of a file that comes in pieces. `csv-core` knows what is inside quotes and what is not; it is asked for
/// everything but lines without a quote or separator, which are one field and by far the most.
pub(super) struct Records {
    reader: Reader,
    separator: u8,
    lines: LineEnds,
    text: Box<[u8]>,
    ends: Box<[usize]>,
    open: Option<OpenRow>,
}

/// A row of which `csv-core` has read a part.
#[derive(Debug, Clone, Copy, Default)]
struct OpenRow {
    line: u64,
    bytes: usize,
    written: usize,
    fields: usize,
    last: u8,
}

impl Records {
    pub(super) fn new(separator: u8) -> Self {
        let mut reader = ReaderBuilder::new().delimiter(separator).build();
        // It would strip a byte order mark of its own accord, but only one that comes in one piece. After a blank
        // line it does not look for any.
        reader.read_record(b"\n", &mut [0], &mut [0]);
        Self {
            reader,
            separator,
            lines: LineEnds::default(),
            // Larger than the longest row that is kept, so that they are full only when the row is too long anyway.
            text: vec![0; ROW_BYTES + 1].into(),
            ends: vec![0; ROW_BYTES + 2].into(),
            open: None,
        }
    }

    /// The next row that ends in this piece; none when all of the piece is used up.
    pub(super) fn next<'r, 'b: 'r>(
        &'r mut self,
        piece: &mut Piece<'b>,
    ) -> Result<Option<Row<'r>>, LoadFailure> {
        if self.open.is_none() {
            self.lines.skip(piece)?;
            if piece.rest().is_empty() {
                return Ok(None);
            }
            self.lines.settle()?;
            if let Some((line, end)) = piece.take_plain_line(self.separator) {
                return self.plain(line, end).map(Some);
            }
        }
        self.parse(piece)
    }

    /// The row that the file ends in, if its last line has no end.
    pub(super) fn finish(&mut self) -> Result<Option<Row<'_>>, LoadFailure> {
        self.lines.settle()?;
        let Some(mut row) = self.open.take() else {
            return Ok(None);
        };
        // At the end of input `csv-core` closes quotes by itself. A line end does not: that tells whether one is open.
        if self.step(&mut row, &mut Piece::new(b"\n")) {
            Ok(Some(self.closed(row)))
        } else {
            Err(LoadFailure::UnclosedQuote(row.line))
        }
    }

    fn plain<'r, 'b: 'r>(&'r mut self, text: &'b [u8], end: u8) -> Result<Row<'r>, LoadFailure> {
        let line = self.lines.line();
        self.lines.end(end)?;
        let ends = self.ends.get_mut(..1).unwrap_or_default();
        ends.fill(text.len());
        let fields = Ok(Fields { text, ends });
        Ok(Row { line, fields })
    }

    fn parse(&mut self, piece: &mut Piece<'_>) -> Result<Option<Row<'_>>, LoadFailure> {
        let mut row = self.open.take().unwrap_or(OpenRow {
            line: self.lines.line(),
            ..OpenRow::default()
        });
        while !piece.rest().is_empty() {
            if self.step(&mut row, piece) {
                self.lines.end(row.last)?;
                return Ok(Some(self.closed(row)));
            }
        }
        self.open = Some(row);
        Ok(None)
    }

    /// Reads as far as `csv-core` goes in one call; whether the row has ended (its last byte is then the line end).
    fn step(&mut self, row: &mut OpenRow, piece: &mut Piece<'_>) -> bool {
        if row.bytes > ROW_BYTES {
            // Nothing of it will be used: begin again at the front of the buffers, as often as it takes.
            (row.written, row.fields) = (0, 0);
        }
        let text = self.text.get_mut(row.written..).unwrap_or_default();
        let ends = self.ends.get_mut(row.fields..).unwrap_or_default();
        let (result, read, written, fields) = self.reader.read_record(piece.rest(), text, ends);
        let taken = piece.take(read);
        let ended = result == ReadRecordResult::Record;
        let content = if ended {
            taken.split_last().map_or(taken, |(_, content)| content)
        } else {
            taken
        };
        self.lines.pass(content, row.last);
        row.bytes += content.len();
        row.written += written;
        row.fields += fields;
        row.last = taken.last().copied().unwrap_or(row.last);
        ended
    }

    fn closed(&self, row: OpenRow) -> Row<'_> {
        let whole = Fields {
            text: self.text.get(..row.written).unwrap_or_default(),
            ends: self.ends.get(..row.fields).unwrap_or_default(),
        };
        let fields = if row.bytes > ROW_BYTES {
            Err(RejectReason::RowTooLong)
        } else {
            Ok(whole)
        };
        Row {
            line: row.line,
            fields,
        }
    }
}

impl fmt::Debug for Records {
    /// Without the buffers: they hold codes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records")
            .field("lines", &self.lines)
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}
