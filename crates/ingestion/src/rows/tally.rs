//! What became of the rows.

use domain::{CodeError, LoadFailure, MAX_NAMED_REJECTIONS, RejectReason, Rejection, holds_unseen};

use super::{fields::Row, header::Header};

/// How a file's rows went. Blank rows and the header are in neither number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowCounts {
    /// Rows whose code is fit for a list; duplicates are still among them.
    pub accepted: u64,
    pub rejected: u64,
    /// The first rows that were rejected, by line.
    pub rejections: Vec<Rejection>,
    /// Accepted rows whose code holds something that cannot be seen.
    pub unseen: u64,
    /// Of a file without a header, on one line and cut short. It may be a code: its owner may see it, logs must not.
    pub first_line: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct Tally {
    header: Option<Header>,
    counts: RowCounts,
    not_utf8: u64,
    numbers: u64,
}

impl Tally {
    pub(super) fn counted(&self) -> u64 {
        self.counts.accepted + self.counts.rejected
    }

    pub(super) fn has_header(&self) -> bool {
        self.header.is_some()
    }

    pub(super) fn note_first_line(&mut self, line: Option<String>) {
        self.counts.first_line = line;
    }

    #[inline]
    pub(super) fn row(&mut self, row: Row<'_>, sink: &mut impl FnMut(&str)) -> Result<(), LoadFailure> {
        match (row.fields, &self.header) {
            (Ok(fields), _) if fields.are_blank() => {}
            (Ok(fields), Some(header)) => match header.code_in(fields) {
                Ok(code) => {
                    self.counts.accepted += 1;
                    self.counts.unseen += u64::from(holds_unseen(code));
                    sink(code);
                }
                Err(reason) => self.reject(row.line, reason),
            },
            (Ok(fields), None) => self.header = Some(Header::read(fields)?),
            (Err(reason), Some(_)) => self.reject(row.line, reason),
            (Err(_), None) => return Err(LoadFailure::NoHeader),
        }
        Ok(())
    }

    fn reject(&mut self, line: u64, reason: RejectReason) {
        self.counts.rejected += 1;
        self.not_utf8 += u64::from(reason == RejectReason::Code(CodeError::NotUtf8));
        self.numbers += u64::from(matches!(reason, RejectReason::SpreadsheetNumber));
        if self.counts.rejections.len() < MAX_NAMED_REJECTIONS {
            let reason = reason.to_string();
            self.counts.rejections.push(Rejection { line, reason });
        }
    }

    /// A file with too many bad rows is probably not what its sender thinks it is.
    pub(super) fn judge(&self) -> Result<(), LoadFailure> {
        let (rows, rejected) = (self.counted(), self.counts.rejected);
        let too_many = rejected * 10 > rows;
        if self.header.is_none() {
            return Err(LoadFailure::Empty);
        }
        if too_many && self.not_utf8 * 2 > rejected {
            return Err(LoadFailure::NotUtf8("Latin-1 or the like"));
        }
        if too_many && self.numbers * 2 > rejected {
            return Err(LoadFailure::SpreadsheetNumbers);
        }
        if too_many {
            return Err(LoadFailure::TooManyBadRows { rejected, rows });
        }
        if rows == 0 {
            return Err(LoadFailure::NoCodes);
        }
        Ok(())
    }

    pub(super) fn into_counts(self) -> RowCounts {
        self.counts
    }
}
