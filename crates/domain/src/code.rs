//! What a coupon code may be.

/// The longest code, in bytes.
pub const CODE_BYTES: usize = 255;

/// Why a row's code was left out; the sentence is shown to the person who uploaded the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    #[error("code is empty")]
    Empty,
    #[error("code is longer than 255 bytes")]
    TooLong,
    #[error("code is not valid UTF-8")]
    NotUtf8,
    #[error("code contains a control character or line separator")]
    ControlCharacter,
}

/// The code in a field: what cannot be seen round it is trimmed, everything else is kept byte for byte. A code holds no
/// control character, so a line feed can part codes within a block.
pub fn check_code(field: &[u8]) -> Result<&str, CodeError> {
    let trimmed = field.trim_ascii();
    // Nearly every code is printable ASCII, where the check by bytes is several times faster than by characters.
    let is_plain = trimmed.iter().all(|byte| matches!(byte, 0x20..=0x7e));
    match str::from_utf8(trimmed) {
        Ok(code) if is_plain => fit(code),
        Ok(text) => {
            let code = fit(text.trim_matches(is_unseen))?;
            if code.chars().any(is_forbidden) {
                return Err(CodeError::ControlCharacter);
            }
            Ok(code)
        }
        Err(_) if trimmed.len() > CODE_BYTES => Err(CodeError::TooLong),
        Err(_) => Err(CodeError::NotUtf8),
    }
}

fn fit(code: &str) -> Result<&str, CodeError> {
    match code.len() {
        0 => Err(CodeError::Empty),
        1..=CODE_BYTES => Ok(code),
        _ => Err(CodeError::TooLong),
    }
}

/// Blanks of every kind, and what shows nothing at the end of a text: zero-width characters, the soft hyphen, marks of
/// the direction. A variation selector is none of them: it belongs to the emoji before it.
pub fn is_unseen(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Whether a code has something inside that cannot be seen, or passes for a blank: who types it will not type that.
pub fn holds_unseen(code: &str) -> bool {
    !code.is_ascii()
        && code
            .char_indices()
            .any(|(at, c)| c != ' ' && is_unseen(c) && !joins(code, at, c))
}

/// Emoji of several people, and words of some scripts, are joined by characters that cannot be seen.
fn joins(code: &str, at: usize, c: char) -> bool {
    let (before, after) = (code.get(..at), code.get(at + c.len_utf8()..));
    let before = before.and_then(|text| text.chars().next_back());
    let after = after.and_then(|text| text.chars().next());
    matches!(c, '\u{200c}' | '\u{200d}')
        && [before, after]
            .iter()
            .all(|beside| beside.is_some_and(|c| !c.is_ascii()))
}

fn is_forbidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn blanks_round_a_code_go_and_blanks_inside_stay() {
        assert_eq!(check_code(b" \tA B\t "), Ok("A B"));
        assert_eq!(check_code(b"A\r\n"), Ok("A"));
        assert_eq!(check_code("ÄÖ-2026".as_bytes()), Ok("ÄÖ-2026"));
    }

    #[test]
    fn what_cannot_be_seen_goes_at_both_ends_and_stays_inside() {
        for unseen in
            "\u{a0}\u{ad}\u{61c}\u{1680}\u{180e}\u{2003}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{2028}\
                       \u{202a}\u{202e}\u{202f}\u{205f}\u{2060}\u{2066}\u{2069}\u{3000}\u{feff}"
                .chars()
        {
            let round = format!("{unseen} {unseen}A-1{unseen} {unseen}");
            assert_eq!(check_code(round.as_bytes()), Ok("A-1"), "{unseen:?}");
            let alone = format!(" {unseen}");
            assert_eq!(check_code(alone.as_bytes()), Err(CodeError::Empty), "{unseen:?}");
        }
        for code in ["A\u{a0}1", "A\u{200b}1", "A\u{ad}1", "\u{1f468}\u{200d}\u{1f469}"] {
            assert_eq!(check_code(code.as_bytes()), Ok(code));
        }
    }

    #[test]
    fn an_emoji_at_the_end_stays_whole() {
        for code in [
            "LOVE\u{2764}\u{fe0f}",
            "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "\u{1f44d}\u{1f3fd}",
        ] {
            assert_eq!(check_code(code.as_bytes()), Ok(code));
            assert!(!holds_unseen(code), "{code:?}");
        }
    }

    #[test]
    fn what_cannot_be_seen_inside_is_noticed_unless_it_joins() {
        for code in [
            "A\u{a0}1",
            "A\u{200b}1",
            "A\u{200d}1",
            "\u{c4}\u{200d}1",
            "\u{1f468}\u{200d}A",
        ] {
            assert!(holds_unseen(code), "{code:?}");
        }
        for code in [
            "A 1",
            "\u{1f468}\u{200d}\u{1f469}",
            "\u{646}\u{200c}\u{62e}",
            "\u{c4}1",
        ] {
            assert!(!holds_unseen(code), "{code:?}");
        }
    }

    #[test]
    fn the_length_is_that_of_the_code_without_what_is_trimmed() {
        let longest = "x".repeat(255);
        assert_eq!(
            check_code(format!("{longest}\u{a0}").as_bytes()),
            Ok(longest.as_str())
        );
    }

    #[test]
    fn each_reason_has_its_name() {
        assert_eq!(check_code(b" \t "), Err(CodeError::Empty));
        assert_eq!(check_code(&[b'x'; 256]), Err(CodeError::TooLong));
        assert_eq!(check_code(&[b'x'; 255]).map(str::len), Ok(255));
        assert_eq!(check_code(b"\xff\xfe"), Err(CodeError::NotUtf8));
        for code in [
            "a\0b",
            "a\nb",
            "\u{1b}[0m",
            "a\u{85}b",
            "a\u{2028}b",
            "a\u{feff}b",
            "\u{7f}",
        ] {
            assert_eq!(
                check_code(code.as_bytes()),
                Err(CodeError::ControlCharacter),
                "{code:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn an_accepted_code_is_accepted_again_unchanged(field: Vec<u8>) {
            if let Ok(code) = check_code(&field) {
                prop_assert_eq!(check_code(code.as_bytes()), Ok(code));
                prop_assert!(!code.contains('\n'));
            }
        }
    }
}
