//! What a member may do in a workspace.

use std::{fmt, str::FromStr};

/// Each may what the one before it may, and more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Looks at everything, changes nothing.
    Viewer,
    /// Makes, loads, corrects and archives lists, and hands out.
    Manager,
    /// Invites people, and makes and revokes keys.
    Admin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be admin, manager or viewer")]
pub struct NotARole;

impl Role {
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Manager, Self::Admin];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Manager => "manager",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = NotARole;

    fn from_str(text: &str) -> Result<Self, NotARole> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or(NotARole)
    }
}
