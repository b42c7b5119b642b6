//! The beginning of a file: what parts its columns, and what is wrong with one that has no header.

use std::fmt;

use domain::{LoadFailure, is_unseen};

use super::{
    fields::Row, header::is_coupon_code, kinds, opening::beginning, piece::Piece, records::Records,
    visible::visible,
};

/// The longest part of a first line that is shown, in characters.
const SHOWN: usize = 80;

/// 64 KiB at most, for as long as a header may come.
#[derive(Default)]
pub(super) struct Head(Vec<u8>);

impl Head {
    pub(super) fn new(text: &[u8]) -> Self {
        Self(beginning(text).to_vec())
    }

    /// A comma, unless the header names the column only when it is parted by one of the others that spreadsheets use.
    pub(super) fn separator(&self) -> u8 {
        let parts = |separator: &u8| self.find(*separator, |row| Some(names(row))) == Some(true);
        if parts(&b',') {
            return b',';
        }
        let mut others = [b';', b'\t', b'|'].into_iter().filter(parts);
        match (others.next(), others.next()) {
            (Some(one), None) => one,
            _ => b',',
        }
    }

    /// What the failure of a file without a header comes from, and its first line, if that helps.
    pub(super) fn explain(&self, failure: LoadFailure) -> (LoadFailure, Option<String>) {
        if let Some(kind) = kinds::of_text(&self.0) {
            return (LoadFailure::NotCsv(kind), None);
        }
        if failure != LoadFailure::NoHeader {
            return (failure, None);
        }
        let below = |separator| {
            let mut is_first = true;
            self.find(separator, |row| {
                let is_below = !std::mem::take(&mut is_first);
                (is_below && names(row)).then_some(row.line)
            })
        };
        let failure = [b',', b';', b'\t', b'|']
            .into_iter()
            .find_map(below)
            .map_or(failure, LoadFailure::HeaderBelow);
        (failure, self.first_line())
    }

    /// What `look` finds in the first row that is not blank and in which it finds anything.
    fn find<T>(&self, separator: u8, mut look: impl FnMut(&Row<'_>) -> Option<T>) -> Option<T> {
        let mut look = |row: &Row<'_>| {
            let is_blank = row.fields.as_ref().is_ok_and(|fields| fields.are_blank());
            (!is_blank).then(|| look(row)).flatten()
        };
        let (mut records, mut piece) = (Records::new(separator), Piece::new(&self.0));
        while let Some(row) = records.next(&mut piece).ok()? {
            let found = look(&row);
            if found.is_some() {
                return found;
            }
        }
        look(&records.finish().ok()??)
    }

    /// On one line, in characters that can be seen.
    fn first_line(&self) -> Option<String> {
        let mut lines = self.0.split(|byte| matches!(byte, b'\n' | b'\r'));
        let line = lines.find(|line| !String::from_utf8_lossy(line).trim_matches(is_unseen).is_empty())?;
        Some(visible(line.trim_ascii(), SHOWN).into_owned())
    }
}

fn names(row: &Row<'_>) -> bool {
    row.fields
        .as_ref()
        .is_ok_and(|fields| fields.iter().any(is_coupon_code))
}

/// Without the text: it holds codes.
impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Head").finish_non_exhaustive()
    }
}
