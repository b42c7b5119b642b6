//! Text of a file as a person may read it.

use std::{borrow::Cow, fmt::Write as _};

use domain::is_unseen;

/// At most so many characters, on one line, with what cannot be seen written out: `\t`, `\u{200b}`, `\xff` for a byte that is
/// no text.
pub(super) fn visible(bytes: &[u8], most: usize) -> Cow<'_, str> {
    // Nearly all that is asked about is short and plain.
    if bytes.len() <= most
        && bytes.iter().all(|byte| matches!(byte, 0x20..=0x7e))
        && let Ok(text) = str::from_utf8(bytes)
    {
        return Cow::Borrowed(text);
    }
    let mut shown = String::new();
    let mut room = most;
    for chunk in bytes.utf8_chunks() {
        let (texts, others) = (chunk.valid().chars(), chunk.invalid().iter());
        for piece in texts.map(Ok).chain(others.map(Err)) {
            if room == 0 {
                shown.push('…');
                return Cow::Owned(shown);
            }
            room -= 1;
            // Writing to a String cannot fail.
            _ = match piece {
                Ok('\t') => write!(shown, "\\t"),
                Ok(c) if c.is_control() || is_unseen(c) && c != ' ' => {
                    write!(shown, "\\u{{{:x}}}", u32::from(c))
                }
                Ok(c) => write!(shown, "{c}"),
                Err(byte) => write!(shown, "\\x{byte:02x}"),
            };
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn what_cannot_be_seen_is_written_out_and_the_end_is_cut() {
        for (text, shown) in [
            (&b"A B"[..], "A B"),
            (b"", ""),
            (b"12345", "12345"),
            (b"123456", "12345…"),
            (b"a\tb\n", "a\\tb\\u{a}"),
            ("ä\u{200b}".as_bytes(), "ä\\u{200b}"),
            (b"\xff\xfe", "\\xff\\xfe"),
            ("ääääää".as_bytes(), "äääää…"),
        ] {
            assert_eq!(visible(text, 5), shown);
        }
    }
}
