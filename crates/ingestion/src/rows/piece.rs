//! A piece of a file on its way through the reader.

use super::ROW_BYTES;

/// The bytes that are still to be read, and how many of them are known to be free of quotes and separators: looking once
/// for a whole piece is several times faster than once a line.
#[derive(Debug)]
pub(super) struct Piece<'b> {
    rest: &'b [u8],
    plain: usize,
}

impl<'b> Piece<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self {
            rest: bytes,
            plain: 0,
        }
    }

    pub(super) fn rest(&self) -> &'b [u8] {
        self.rest
    }

    /// Takes the first bytes away.
    #[inline]
    pub(super) fn take(&mut self, count: usize) -> &'b [u8] {
        let (taken, rest) = self.rest.split_at_checked(count).unwrap_or((self.rest, &[]));
        self.rest = rest;
        self.plain = self.plain.saturating_sub(count);
        taken
    }

    /// Takes a line and its end, if the line is complete, of fair length and one field as it is.
    #[inline]
    pub(super) fn take_plain_line(&mut self, separator: u8) -> Option<(&'b [u8], u8)> {
        let length = memchr::memchr2(b'\n', b'\r', self.rest)?;
        if length > self.plain {
            self.plain = memchr::memchr2(b'"', separator, self.rest).unwrap_or(self.rest.len());
        }
        if length > self.plain || length > ROW_BYTES {
            return None;
        }
        let (end, line) = self.take(length + 1).split_last()?;
        Some((line, *end))
    }
}
