//! The rows that are left out, as CSV for whoever sent them.

use std::{
    fmt,
    io::{self, Write as _},
};

use csv::{IntoInnerError, Terminator, Writer, WriterBuilder};
use domain::{REJECTED_ROWS_HEAD, inert};
use flate2::{Compression, write::GzEncoder};

use super::visible::visible;

/// The longest part of a value that is kept, in characters.
const VALUE: usize = 255;
/// For all of them, compressed: a million rows, more or less. What is beyond is counted.
const ROOM: usize = 8 * 1024 * 1024;

type Csv = Writer<GzEncoder<Vec<u8>>>;

/// Written as they are met. They stay in memory, compressed, until the file was read: until then it is not known whose job
/// the load will be.
pub(super) struct Rejected {
    csv: Option<Csv>,
    rows: u64,
    room: usize,
    is_full: bool,
}

impl Default for Rejected {
    fn default() -> Self {
        Self {
            csv: None,
            rows: 0,
            room: ROOM,
            is_full: false,
        }
    }
}

impl Rejected {
    /// The next row: its line, its code as it was read, and why it was left out.
    pub(super) fn add(&mut self, line: u64, value: &[u8], reason: &str) {
        if self.is_full {
            return;
        }
        // Writing to memory cannot fail.
        if self.csv.is_none() {
            self.csv = begin().ok();
        }
        let Some(csv) = &mut self.csv else { return };
        _ = csv.write_record([&*line.to_string(), &*inert(&visible(value, VALUE)), reason]);
        self.rows += 1;
        self.is_full = csv.get_ref().get_ref().len() >= self.room;
    }

    /// The gzip stream of them all, or of the first of so many; empty if there is none.
    pub(super) fn finish(self, rejected: u64) -> Vec<u8> {
        let Some(mut csv) = self.csv else {
            return Vec::new();
        };
        let more = rejected.saturating_sub(self.rows);
        if more > 0 {
            let told = format!("{more} more rows were left out; there is no room for them here");
            _ = csv.write_record(["", "", &*told]);
        }
        let gzip = csv.into_inner().map_err(IntoInnerError::into_error);
        gzip.and_then(GzEncoder::finish).unwrap_or_default()
    }
}

fn begin() -> io::Result<Csv> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(REJECTED_ROWS_HEAD.as_bytes())?;
    Ok(WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(gzip))
}

/// Without what was written: it may hold codes.
impl fmt::Debug for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejected")
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    fn csv(rejected: Rejected, rows: u64) -> String {
        let mut csv = String::new();
        let gzip = rejected.finish(rows);
        GzDecoder::new(&*gzip).read_to_string(&mut csv).unwrap();
        csv
    }

    #[test]
    fn a_row_is_told_by_line_value_and_reason_and_is_no_formula() {
        let mut rejected = Rejected::default();
        rejected.add(2, b"", "code is empty");
        rejected.add(7, b"=1+1", "row has more fields than the header");
        rejected.add(9, "a,\"b\"\u{7}".as_bytes(), "why");
        let rows = [
            "\u{feff}Line,Value,Reason",
            "2,,code is empty",
            "7,'=1+1,row has more fields than the header",
            "9,\"a,\"\"b\"\"\\u{7}\",why",
            "",
        ];
        assert_eq!(csv(rejected, 3), rows.join("\r\n"));
    }

    #[test]
    fn where_none_is_left_out_nothing_is_kept() {
        assert!(Rejected::default().finish(0).is_empty());
    }

    #[test]
    fn what_has_no_room_is_counted() {
        let mut rejected = Rejected {
            room: 100_000,
            ..Rejected::default()
        };
        let rows = 1_000_000;
        for line in 1..=rows {
            rejected.add(
                line,
                line.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_string().as_bytes(),
                "why",
            );
        }
        let kept = rejected.rows;
        assert!(kept > 1_000, "{kept}");
        let csv = csv(rejected, rows);
        assert_eq!(csv.lines().count() as u64, kept + 2);
        let told = format!(
            ",,{} more rows were left out; there is no room for them here",
            rows - kept
        );
        assert_eq!(csv.lines().last(), Some(&*told));
    }
}
