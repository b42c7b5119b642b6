//! The identifiers that the outside sees.

use std::{fmt, str::FromStr};

use crate::{TextError, text::check_id};

/// What lists and files are called outside: 12 random bytes, shown as 24 lower-case hex digits, the form of the
/// ids a client of the MoEngage API already stores. Inside they are `bigint`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublicId([u8; 12]);

impl PublicId {
    pub const fn from_bytes(bytes: [u8; 12]) -> Self {
        Self(bytes)
    }

    pub const fn as_bytes(&self) -> &[u8; 12] {
        &self.0
    }
}

/// The text is not 24 lower-case hex digits, so it names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of 24 lower-case hex digits")]
pub struct NotAnId;

impl FromStr for PublicId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        // One id has one spelling: upper case would make two URLs of one thing.
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(NotAnId);
        }
        let mut bytes = [0; 12];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| NotAnId)?;
        Ok(Self(bytes))
    }
}

impl TryFrom<&[u8]> for PublicId {
    type Error = NotAnId;

    fn try_from(bytes: &[u8]) -> Result<Self, NotAnId> {
        bytes.try_into().map(Self).map_err(|_| NotAnId)
    }
}

impl fmt::Display for PublicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for PublicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A tenant's name in `Authorization: Basic <workspace id>:<api key>`: 1–255 bytes without control characters
/// and, because Basic splits there, without a colon.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WorkspaceId(String);

impl WorkspaceId {
    pub fn new(text: impl Into<String>) -> Result<Self, TextError> {
        let text = text.into();
        check_id(&text)?;
        if text.contains(':') {
            return Err(TextError::Forbidden(':'));
        }
        Ok(Self(text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WorkspaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_being_written_and_read() {
        let id = PublicId::from_bytes([
            0x67, 0x21, 0xd0, 0x0e, 0xef, 0xc4, 0x76, 0xc0, 0xf6, 0x7e, 0x0d, 0x05,
        ]);
        assert_eq!(id.to_string(), "6721d00eefc476c0f67e0d05");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn anything_else_names_nothing() {
        for text in [
            "",
            "6721d00eefc476c0f67e0d0",
            "6721D00EEFC476C0F67E0D05",
            "zz21d00eefc476c0f67e0d05",
            "%00",
        ] {
            assert_eq!(text.parse::<PublicId>(), Err(NotAnId), "{text}");
        }
    }

    #[test]
    fn a_workspace_id_cannot_hold_what_basic_splits_at() {
        assert_eq!(WorkspaceId::new("a:b"), Err(TextError::Forbidden(':')));
        assert!(WorkspaceId::new("DEMO_WORKSPACE").is_ok());
    }
}
