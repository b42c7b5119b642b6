//! Counting lines the way an editor does, and refusing files whose line ends contradict each other.

use domain::LoadFailure;

use super::piece::Piece;

/// Where in the file we are. LF, CRLF and CR each end a line; a CR alone beside any LF is refused, since one of the
/// two must then be part of a row.
#[derive(Debug)]
pub(super) struct LineEnds {
    line: u64,
    /// The byte before was a CR that an LF may still complete.
    after_cr: bool,
    lone_cr: bool,
    lf: bool,
}

impl Default for LineEnds {
    fn default() -> Self {
        Self {
            line: 1,
            after_cr: false,
            lone_cr: false,
            lf: false,
        }
    }
}

impl LineEnds {
    /// The current line, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Takes the line ends at the front of the piece: the LF of a CRLF, and blank lines.
    pub(super) fn skip(&mut self, piece: &mut Piece<'_>) -> Result<(), LoadFailure> {
        while let [byte @ (b'\r' | b'\n'), ..] = piece.rest() {
            self.end(*byte)?;
            piece.take(1);
        }
        Ok(())
    }

    /// A line end between two rows.
    #[inline]
    pub(super) fn end(&mut self, byte: u8) -> Result<(), LoadFailure> {
        let completes = byte == b'\n' && self.after_cr;
        self.lone_cr |= self.after_cr && !completes;
        self.lf |= byte == b'\n';
        self.after_cr = byte == b'\r';
        self.line += u64::from(!completes);
        self.check()
    }

    /// Something other than a line end follows, or the end of the file.
    #[inline]
    pub(super) fn settle(&mut self) -> Result<(), LoadFailure> {
        self.lone_cr |= self.after_cr;
        self.after_cr = false;
        self.check()
    }

    /// Line ends inside a quoted field are content: they count as lines and do not say what parts the rows.
    pub(super) fn pass(&mut self, content: &[u8], before: u8) {
        let mut ends = memchr::memchr2_iter(b'\r', b'\n', content).peekable();
        if ends.peek().is_none() {
            return;
        }
        let byte_before = |at: usize| at.checked_sub(1).map_or(Some(&before), |at| content.get(at));
        for at in ends {
            let completes = content.get(at) == Some(&b'\n') && byte_before(at) == Some(&b'\r');
            self.line += u64::from(!completes);
        }
    }

    fn check(&self) -> Result<(), LoadFailure> {
        if self.lone_cr && self.lf {
            Err(LoadFailure::MixedLineEnds)
        } else {
            Ok(())
        }
    }
}
