//! What became of the rows.

use std::cmp::Reverse;

use domain::{
    CodeError, LoadFailure, MAX_NAMED_REJECTIONS, RejectReason, RejectedFor, Rejection, holds_unseen,
};

use super::{fields::Row, header::Header, rejected::Rejected};

/// How a file's rows went. Blank rows and the header are in neither number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowCounts {
    /// Rows whose code is fit for a list; duplicates are still among them.
    pub accepted: u64,
    pub rejected: u64,
    /// For what, the most frequent first.
    pub rejected_for: Vec<RejectedFor>,
    /// All of them as CSV, a gzip stream; empty if there is none.
    pub rejected_rows: Vec<u8>,
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
    /// The reasons that occurred, each with its rows: there are few.
    reasons: Vec<(RejectReason, u64)>,
    rejected: Rejected,
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
                Err(reason) => self.reject(row.line, header.field(fields), reason),
            },
            (Ok(fields), None) => self.header = Some(Header::read(fields)?),
            (Err(reason), Some(_)) => self.reject(row.line, b"", reason),
            (Err(_), None) => return Err(LoadFailure::NoHeader),
        }
        Ok(())
    }

    fn reject(&mut self, line: u64, value: &[u8], reason: RejectReason) {
        self.counts.rejected += 1;
        match self.reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, rows)) => *rows += 1,
            None => self.reasons.push((reason, 1)),
        }
        let reason = reason.to_string();
        self.rejected.add(line, value, &reason);
        if self.counts.rejections.len() < MAX_NAMED_REJECTIONS {
            self.counts.rejections.push(Rejection { line, reason });
        }
    }

    fn rejected_for(&self, reason: RejectReason) -> u64 {
        let found = self.reasons.iter().find(|(known, _)| *known == reason);
        found.map_or(0, |(_, rows)| *rows)
    }

    /// A file with too many bad rows is probably not what its sender thinks it is.
    pub(super) fn judge(&self) -> Result<(), LoadFailure> {
        let (rows, rejected) = (self.counted(), self.counts.rejected);
        let too_many = rejected * 10 > rows;
        if self.header.is_none() {
            return Err(LoadFailure::Empty);
        }
        if too_many && self.rejected_for(CodeError::NotUtf8.into()) * 2 > rejected {
            return Err(LoadFailure::NotUtf8("Latin-1 or the like"));
        }
        if too_many && self.rejected_for(RejectReason::SpreadsheetNumber) * 2 > rejected {
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

    pub(super) fn into_counts(mut self) -> RowCounts {
        self.reasons.sort_by_key(|(_, rows)| Reverse(*rows));
        let rejected_for = |(reason, rows): (RejectReason, u64)| RejectedFor {
            reason: reason.to_string(),
            rows,
        };
        RowCounts {
            rejected_for: self.reasons.into_iter().map(rejected_for).collect(),
            rejected_rows: self.rejected.finish(self.counts.rejected),
            ..self.counts
        }
    }
}
