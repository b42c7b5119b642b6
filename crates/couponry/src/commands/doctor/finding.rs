//! What the doctor found: what, why it matters, and what to change.

use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    /// Something is wrong, or will be soon.
    Problem,
    /// It works, and could do so better or more safely.
    Hint,
    Fine,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Finding {
    /// A name that stays.
    pub(super) check: &'static str,
    pub(super) level: Level,
    pub(super) what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) why: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) change: Option<String>,
}

impl Finding {
    pub(super) fn fine(check: &'static str, what: impl Into<String>) -> Self {
        Self {
            check,
            level: Level::Fine,
            what: what.into(),
            why: None,
            change: None,
        }
    }

    pub(super) fn hint(
        check: &'static str,
        what: impl Into<String>,
        why: &'static str,
        change: impl Into<String>,
    ) -> Self {
        Self {
            level: Level::Hint,
            why: Some(why),
            change: Some(change.into()),
            ..Self::fine(check, what)
        }
    }

    pub(super) fn problem(
        check: &'static str,
        what: impl Into<String>,
        why: &'static str,
        change: impl Into<String>,
    ) -> Self {
        Self {
            level: Level::Problem,
            ..Self::hint(check, what, why, change)
        }
    }

    /// Fine after all, if it is so.
    pub(super) fn unless(self, is_fine: bool) -> Self {
        if is_fine {
            Self::fine(self.check, self.what)
        } else {
            self
        }
    }
}
