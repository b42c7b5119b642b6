//! What a program may do with an API key.

use std::{fmt, str::FromStr};

/// Each may what the one before it may, and more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyRole {
    /// Looks at lists, stock, hand-outs and reports; changes nothing, and sees no code that nobody has yet.
    Read,
    /// Hands out codes, and says what became of them.
    Allocate,
    /// Everything.
    Manage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be read, allocate or manage")]
pub struct NotAKeyRole;

impl KeyRole {
    pub const ALL: [Self; 3] = [Self::Read, Self::Allocate, Self::Manage];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Allocate => "allocate",
            Self::Manage => "manage",
        }
    }
}

impl fmt::Display for KeyRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for KeyRole {
    type Err = NotAKeyRole;

    fn from_str(text: &str) -> Result<Self, NotAKeyRole> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or(NotAKeyRole)
    }
}
