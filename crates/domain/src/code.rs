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

/// The code in a field: blanks and tabs round it are trimmed, everything else is kept byte for byte. A code holds no
/// control character, so a line feed can part codes within a block.
pub fn check_code(field: &[u8]) -> Result<&str, CodeError> {
    let trimmed = field.trim_ascii_blanks();
    if trimmed.is_empty() {
        return Err(CodeError::Empty);
    }
    if trimmed.len() > CODE_BYTES {
        return Err(CodeError::TooLong);
    }
    let code = str::from_utf8(trimmed).map_err(|_| CodeError::NotUtf8)?;
    // Nearly every code is printable ASCII, where the check by bytes is several times faster than by characters.
    if !code.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) && code.chars().any(is_forbidden) {
        return Err(CodeError::ControlCharacter);
    }
    Ok(code)
}

fn is_forbidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

trait TrimBlanks {
    fn trim_ascii_blanks(&self) -> &[u8];
}

impl TrimBlanks for [u8] {
    /// Blanks and tabs only: `trim_ascii` would also take line ends, which a quoted field may hold.
    fn trim_ascii_blanks(&self) -> &[u8] {
        let mut bytes = self;
        while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
            bytes = rest;
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn blanks_round_a_code_go_and_blanks_inside_stay() {
        assert_eq!(check_code(b" \tA B\t "), Ok("A B"));
        assert_eq!(check_code("ÄÖ-2026".as_bytes()), Ok("ÄÖ-2026"));
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
