//! Whole days of a time zone, as they lie on the clock.

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};

use crate::expiry::is_day;

/// From the beginning of one day to the end of another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    pub start_date: Date,
    pub end_date: Date,
    /// The first day begins.
    pub from: Timestamp,
    pub first_day_ends: Timestamp,
    pub last_day_begins: Timestamp,
    /// The last day has ended.
    pub until: Timestamp,
}

/// Why two texts are no period; the sentence completes "'start_date' …" or "'end_date' …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    #[error("must be a date like 2026-12-31")]
    NotADay,
    #[error("must not be earlier than 'start_date'")]
    Backwards,
}

/// Exactly `yyyy-mm-dd`, and a day that exists.
pub fn parse_day(text: &str) -> Result<Date, PeriodError> {
    if !is_day(text) {
        return Err(PeriodError::NotADay);
    }
    text.parse().map_err(|_| PeriodError::NotADay)
}

impl Period {
    pub fn new(start_date: Date, end_date: Date, zone: &TimeZone) -> Result<Self, PeriodError> {
        if end_date < start_date {
            return Err(PeriodError::Backwards);
        }
        let begins = |day: Date| {
            day.to_zoned(zone.clone())
                .and_then(|zoned| zoned.start_of_day())
                .map(|zoned| zoned.timestamp())
                .map_err(|_| PeriodError::NotADay)
        };
        let after = |day: Date| day.checked_add(1.day()).map_err(|_| PeriodError::NotADay);
        Ok(Self {
            start_date,
            end_date,
            from: begins(start_date)?,
            first_day_ends: begins(after(start_date)?)?,
            last_day_begins: begins(end_date)?,
            until: begins(after(end_date)?)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(start: &str, end: &str, zone: &str) -> Result<Period, PeriodError> {
        Period::new(parse_day(start)?, parse_day(end)?, &TimeZone::get(zone).unwrap())
    }

    #[test]
    fn a_day_has_the_hours_that_its_zone_gives_it() {
        let spring_forward = period("2026-03-29", "2026-03-29", "Europe/Berlin").unwrap();
        assert_eq!(spring_forward.from.to_string(), "2026-03-28T23:00:00Z");
        assert_eq!(spring_forward.until.to_string(), "2026-03-29T22:00:00Z");
        assert_eq!(spring_forward.first_day_ends, spring_forward.until);
        // A zone whose clocks change at midnight: the day begins at one.
        let santiago = period("2026-09-06", "2026-09-07", "America/Santiago").unwrap();
        assert_eq!(santiago.from.to_string(), "2026-09-06T04:00:00Z");
        assert_eq!(santiago.last_day_begins.to_string(), "2026-09-07T03:00:00Z");
    }

    #[test]
    fn anything_else_is_no_period() {
        assert_eq!(
            period("2026-11-02", "2026-11-01", "UTC"),
            Err(PeriodError::Backwards)
        );
        for text in [
            "",
            "2026-02-30",
            "2026-11-01T00:00:00",
            "20261101",
            "9999-12-31",
            "0000-01-01",
            "1.11.2026",
        ] {
            assert_eq!(period(text, text, "UTC"), Err(PeriodError::NotADay), "{text}");
        }
    }
}
