//! The fields of one row.

use domain::{RejectReason, is_unseen};

/// A row and the line it begins on.
#[derive(Debug)]
pub(super) struct Row<'r> {
    pub(super) line: u64,
    pub(super) fields: Result<Fields<'r>, RejectReason>,
}

/// The fields' contents one after the other, and where each ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'r> {
    pub(super) text: &'r [u8],
    pub(super) ends: &'r [usize],
}

impl<'r> Fields<'r> {
    #[inline]
    pub(super) fn count(self) -> usize {
        self.ends.len()
    }

    #[inline]
    pub(super) fn get(self, column: usize) -> Option<&'r [u8]> {
        let end = *self.ends.get(column)?;
        let start = match column.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.text.get(start..end)
    }

    pub(super) fn iter(self) -> impl Iterator<Item = &'r [u8]> {
        (0..self.count()).filter_map(move |column| self.get(column))
    }

    /// Nothing that can be seen in any field: such a row is skipped without a word.
    #[inline]
    pub(super) fn are_blank(self) -> bool {
        is_blank(self.text)
    }
}

#[inline]
pub(super) fn is_blank(text: &[u8]) -> bool {
    !text.first().is_some_and(u8::is_ascii_graphic)
        && str::from_utf8(text).is_ok_and(|text| text.trim_matches(is_unseen).is_empty())
}
