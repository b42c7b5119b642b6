//! Texts a client names things with, checked once at the edge.

use std::fmt;

use crate::placeholder::is_placeholder;

/// Why a text was refused; the sentence completes "'name' …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    #[error("must not be empty or blank")]
    Empty,
    #[error("must not be longer than {limit} {unit}")]
    TooLong { limit: usize, unit: &'static str },
    #[error("must not contain control characters")]
    ControlCharacter,
    #[error("must not contain '{0}'")]
    Forbidden(char),
    #[error("must be filled in: it is a placeholder of a template, or what a program writes for nothing")]
    Placeholder,
    #[error("must be at most {MAX_SUBSCRIBERS} e-mail addresses", MAX_SUBSCRIBERS = crate::MAX_SUBSCRIBERS)]
    TooManyAddresses,
    #[error("must hold plain e-mail addresses like jane@example.com")]
    NotAnAddress,
    #[error("must be a whole number from {0} to {1}")]
    OutOfRange(i64, i64),
}

/// 1 to 255 characters, not blank, none of them a control character. Kept exactly as sent: nothing is trimmed,
/// so that a client reads back what it wrote.
pub(crate) fn check_name(text: &str) -> Result<(), TextError> {
    if text.trim().is_empty() {
        return Err(TextError::Empty);
    }
    check_free(text)
}

fn check_free(text: &str) -> Result<(), TextError> {
    if text.chars().count() > 255 {
        return Err(TextError::TooLong {
            limit: 255,
            unit: "characters",
        });
    }
    if text.chars().any(char::is_control) {
        return Err(TextError::ControlCharacter);
    }
    Ok(())
}

/// 1–255 bytes, not blank, without control characters.
pub(crate) fn check_id(text: &str) -> Result<(), TextError> {
    if text.trim().is_empty() {
        return Err(TextError::Empty);
    }
    if text.len() > 255 {
        return Err(TextError::TooLong {
            limit: 255,
            unit: "bytes",
        });
    }
    if text.chars().any(char::is_control) {
        return Err(TextError::ControlCharacter);
    }
    Ok(())
}

/// What a list or a person is called: 1 to 255 characters, with something to read in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    pub fn new(text: impl Into<String>) -> Result<Self, TextError> {
        let text = text.into();
        check_name(&text)?;
        Ok(Self(text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Text nobody looks anything up by, such as `created_by` or a file's name: up to 255 characters, may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FreeText(String);

impl FreeText {
    pub fn new(text: impl Into<String>) -> Result<Self, TextError> {
        let text = text.into();
        check_free(&text)?;
        Ok(Self(text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An id of the marketing system: a user, a request, a campaign. 1–255 bytes, not blank, no control characters, and no
/// placeholder that was never filled in; compared byte by byte, so two spellings are two ids.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ExternalId(String);

impl ExternalId {
    pub fn new(text: impl Into<String>) -> Result<Self, TextError> {
        let text = text.into();
        check_id(&text)?;
        if is_placeholder(&text) {
            return Err(TextError::Placeholder);
        }
        Ok(Self(text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn into_string(self) -> String {
        self.0
    }
}

/// Ids of people stay out of logs.
impl fmt::Debug for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExternalId(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_emptiness_are_refused_by_name() {
        assert_eq!(
            ExternalId::new("").unwrap_err().to_string(),
            "must not be empty or blank"
        );
        assert_eq!(ExternalId::new("a\0b"), Err(TextError::ControlCharacter));
        assert_eq!(Name::new(" \u{3000}"), Err(TextError::Empty));
        assert!(FreeText::new("").is_ok());
    }

    #[test]
    fn an_external_id_is_limited_in_bytes_and_a_name_in_characters() {
        assert!(ExternalId::new("é".repeat(128)).is_err());
        assert!(FreeText::new("é".repeat(255)).is_ok());
        assert!(FreeText::new("é".repeat(256)).is_err());
    }

    #[test]
    fn a_persons_id_is_not_debug_printed() {
        assert!(!format!("{:?}", ExternalId::new("jane").unwrap()).contains("jane"));
    }
}
