//! The first bytes of a file tell what it is.

use domain::LoadFailure;

use super::{ROW_BYTES, kinds};

/// As many bytes as the longest header.
const ENOUGH: usize = ROW_BYTES;

/// Holds the first bytes back until there are enough to judge them; they may come one by one.
#[derive(Debug)]
pub(super) struct Opening(Option<Vec<u8>>);

impl Default for Opening {
    fn default() -> Self {
        Self(Some(Vec::new()))
    }
}

impl Opening {
    pub(super) fn is_over(&self) -> bool {
        self.0.is_none()
    }

    /// All that was held back, once it is enough.
    pub(super) fn add(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let held = self.0.as_mut()?;
        held.extend_from_slice(bytes);
        if held.len() < ENOUGH { None } else { self.end() }
    }

    pub(super) fn end(&mut self) -> Option<Vec<u8>> {
        self.0.take()
    }
}

/// The bytes after the byte order mark, or by what name the file is refused.
pub(super) fn text_of(bytes: &[u8]) -> Result<&[u8], LoadFailure> {
    kinds::check(beginning(bytes))?;
    if let Some(name) = wide_encoding(bytes) {
        return Err(LoadFailure::NotUtf8(name));
    }
    Ok(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
}

/// As much as is judged, however much came in one piece.
pub(super) fn beginning(bytes: &[u8]) -> &[u8] {
    bytes.get(..ENOUGH).unwrap_or(bytes)
}

/// By its mark, or by the NULs that plain text has between or before its letters there.
fn wide_encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] | [1..=255, 0, 0, 0, ..] | [0, 0, 0, 1..=255, ..] => {
            Some("UTF-32")
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [1..=255, 0, 1..=255, 0, ..] | [0, 1..=255, 0, 1..=255, ..] => {
            Some("UTF-16")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_plain_utf_8_is_refused_by_name() {
        use LoadFailure::{Compressed, NotCsv, NotUtf8};
        let wide = |text: &str| text.bytes().flat_map(|byte| [byte, 0]).collect::<Vec<_>>();
        for (bytes, failure) in [
            (&b"\x1f\x8b\x08\x00"[..], Compressed("gzip")),
            (b"PK\x03\x04\x14\x00", Compressed("zip")),
            (b"\0\0\0\x18ftypmp42", NotCsv("a photo or a video")),
            (b"\x28\xb5\x2f\xfd\x00", Compressed("zstd")),
            (b"BZh91AY&SY\x00", Compressed("bzip2")),
            (b"\xfd7zXZ\x00\x00", Compressed("xz")),
            (b"\xff\xfeC\x00o\x00", NotUtf8("UTF-16")),
            (b"\xfe\xff\x00C\x00o", NotUtf8("UTF-16")),
            (b"\xff\xfe\x00\x00C\x00\x00\x00", NotUtf8("UTF-32")),
            (b"\x00\x00\xfe\xff\x00\x00\x00C", NotUtf8("UTF-32")),
            (b"\x00C\x00o", NotUtf8("UTF-16")),
            (b"C\x00\x00\x00o\x00\x00\x00", NotUtf8("UTF-32")),
            (&wide("Coupon Code"), NotUtf8("UTF-16")),
        ] {
            assert_eq!(text_of(bytes), Err(failure), "{bytes:?}");
        }
    }

    #[test]
    fn only_one_mark_is_stripped() {
        assert_eq!(text_of(b"\xef\xbb\xbfA"), Ok(&b"A"[..]));
        assert_eq!(text_of(b"\xef\xbb\xbf\xef\xbb\xbfA"), Ok(&b"\xef\xbb\xbfA"[..]));
        assert_eq!(text_of(b"BZh is text"), Ok(&b"BZh is text"[..]));
        assert_eq!(text_of(b""), Ok(&b""[..]));
    }
}
