//! Codes, and the files they come in.

use std::collections::HashSet;

/// This many codes, all different, all recognizable.
pub(crate) fn codes(prefix: &str, number: usize) -> Vec<String> {
    (0..number).map(|n| format!("{prefix}-{n:06}")).collect()
}

/// A file in the shape of the official sample: header, CRLF, no line end after the last code.
pub(crate) fn csv<T: AsRef<str>>(codes: &[T]) -> Vec<u8> {
    let mut text = String::from("Coupon Code");
    for code in codes {
        text.push_str("\r\n");
        text.push_str(code.as_ref());
    }
    text.into_bytes()
}

/// The same codes sorted, for comparing two collections of them.
pub(crate) fn sorted<T: AsRef<str>>(codes: impl IntoIterator<Item = T>) -> Vec<String> {
    let mut sorted: Vec<String> = codes.into_iter().map(|code| code.as_ref().to_owned()).collect();
    sorted.sort();
    sorted
}

/// Fails if any code is there twice.
#[track_caller]
pub(crate) fn assert_all_different<T: AsRef<str>>(codes: impl IntoIterator<Item = T>) {
    let mut seen = HashSet::new();
    for code in codes {
        let code = code.as_ref().to_owned();
        assert!(!seen.contains(&code), "{code} was handed out twice");
        seen.insert(code);
    }
}
