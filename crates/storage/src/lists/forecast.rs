//! How fast a list is used up.

use jiff::Timestamp;

use crate::{ListRef, Result, Storage};

/// Fresh codes that were handed out in the last minute, hour, day and week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandedOut {
    pub minute: i64,
    pub hour: i64,
    pub day: i64,
    pub week: i64,
}

/// What a forecast is made from, from one snapshot.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    pub available: i64,
    /// An archived or expired list has nothing to run out of.
    pub active: bool,
    pub expires_at: Timestamp,
    /// Since when the list has had codes; `None` if it never had any.
    pub since: Option<Timestamp>,
    pub handed_out: HandedOut,
    pub now: Timestamp,
}

impl Storage {
    pub async fn pace(&self, list: &ListRef) -> Result<Pace> {
        let row = sqlx::query!(
            r#"select expires_at as "expires_at!", available as "available!", now as "now!", active as "active!", since,
                      minute as "minute!", hour as "hour!", day as "day!", week as "week!"
               from pace($1)"#,
            list.list_id,
        )
        .fetch_one(self.reading(list.workspace_id))
        .await?;
        Ok(Pace {
            available: row.available,
            active: row.active,
            expires_at: row.expires_at.into(),
            since: row.since.map(Into::into),
            handed_out: HandedOut {
                minute: row.minute,
                hour: row.hour,
                day: row.day,
                week: row.week,
            },
            now: row.now.into(),
        })
    }
}
