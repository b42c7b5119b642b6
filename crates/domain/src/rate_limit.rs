//! How often a workspace may ask for what.

use std::{fmt, num::NonZeroU32, str::FromStr};

/// The requests that the MoEngage documentation limits, each counted by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    CreateList,
    FetchLists,
    FetchList,
    UpdateList,
    ActivateList,
    ArchiveList,
    UploadFile,
    FetchFiles,
    FetchFile,
    DeleteFile,
    UsageReport,
}

impl Operation {
    /// In the order of the documentation.
    pub const ALL: [Self; 11] = [
        Self::CreateList,
        Self::FetchLists,
        Self::FetchList,
        Self::UpdateList,
        Self::ActivateList,
        Self::ArchiveList,
        Self::UploadFile,
        Self::FetchFiles,
        Self::FetchFile,
        Self::DeleteFile,
        Self::UsageReport,
    ];

    /// What its counter is called in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreateList => "create_list",
            Self::FetchLists => "fetch_lists",
            Self::FetchList => "fetch_list",
            Self::UpdateList => "update_list",
            Self::ActivateList => "activate_list",
            Self::ArchiveList => "archive_list",
            Self::UploadFile => "upload_file",
            Self::FetchFiles => "fetch_files",
            Self::FetchFile => "fetch_file",
            Self::DeleteFile => "delete_file",
            Self::UsageReport => "usage_report",
        }
    }
}

/// How many requests may come in a minute and in a day (of UTC); no number is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RateLimit {
    pub a_minute: Option<NonZeroU32>,
    pub a_day: Option<NonZeroU32>,
}

impl RateLimit {
    pub const NONE: Self = Self {
        a_minute: None,
        a_day: None,
    };
}

/// The text is no rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be off or look like 100/day, 5/minute or 5/minute,50/day")]
pub struct NotARateLimit;

impl FromStr for RateLimit {
    type Err = NotARateLimit;

    fn from_str(text: &str) -> Result<Self, NotARateLimit> {
        let mut limit = Self::NONE;
        if text == "off" {
            return Ok(limit);
        }
        for part in text.split(',') {
            let (number, window) = part.trim().split_once('/').ok_or(NotARateLimit)?;
            let number = number.parse().map_err(|_| NotARateLimit)?;
            let said = match window {
                "minute" => limit.a_minute.replace(number),
                "day" => limit.a_day.replace(number),
                _ => return Err(NotARateLimit),
            };
            // Counted in 32 bits with a sign; and one window said twice is a slip.
            if said.is_some() || i32::try_from(number.get()).is_err() {
                return Err(NotARateLimit);
            }
        }
        Ok(limit)
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.a_minute, self.a_day) {
            (None, None) => f.write_str("off"),
            (Some(minute), None) => write!(f, "{minute}/minute"),
            (None, Some(day)) => write!(f, "{day}/day"),
            (Some(minute), Some(day)) => write!(f, "{minute}/minute,{day}/day"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_read_as_it_is_written() {
        for text in ["off", "100/day", "5/minute", "5/minute,50/day"] {
            assert_eq!(text.parse::<RateLimit>().unwrap().to_string(), text);
        }
        assert_eq!("50/day, 5/minute".parse(), "5/minute,50/day".parse::<RateLimit>());
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "on",
            "5",
            "0/day",
            "-1/day",
            "5/hour",
            "5/day,6/day",
            "5/day,",
            "5 /day",
            "4294967295/day",
        ] {
            assert_eq!(text.parse::<RateLimit>(), Err(NotARateLimit), "{text}");
        }
    }
}
