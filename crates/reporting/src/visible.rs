//! Text of a client's on its way to a person's eyes.

use std::fmt::Write as _;

/// Characters that show nothing, or turn the direction of what follows, are written out: a list's name must not look
/// like another's, nor a subject like two.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || is_invisible(c) {
            // Writing to a String cannot fail.
            _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        assert_eq!(visible("Ünïcode 🎉 <b>"), "Ünïcode 🎉 <b>");
        assert_eq!(
            visible("a\u{202e}b\r\nc\u{200b}"),
            "a\\u{202e}b\\u{d}\\u{a}c\\u{200b}"
        );
    }
}
