//! When a list ends: a day in the workspace's time zone, or an instant.

use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};

use crate::parse_instant;

/// The text is neither a day nor an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a date like 2026-12-31")]
pub struct ExpiryError;

/// The instant of expiry. `2026-12-31` is 23:59:00 of that day in `zone`, as the documented examples show (18:29 UTC
/// for India); so that a client may send back what it read, the two timestamp forms of the answers are taken too.
pub fn parse_expiry(text: &str, zone: &TimeZone) -> Result<Timestamp, ExpiryError> {
    if is_day(text) {
        let day: Date = text.parse().map_err(|_| ExpiryError)?;
        let last_minute = day.to_datetime(Time::constant(23, 59, 0, 0));
        return last_minute
            .to_zoned(zone.clone())
            .map(|zoned| zoned.timestamp())
            .map_err(|_| ExpiryError);
    }
    // `2026-12-31T18:29:00`, the form of the answer to a creation, is UTC without saying so.
    let with_zone = if text.len() == 19 {
        parse_instant(&format!("{text}Z"))
    } else {
        parse_instant(text)
    };
    with_zone.ok_or(ExpiryError)
}

/// Exactly `dddd-dd-dd`: jiff reads many more forms, such as years beyond 9999. There was no year 0, and the database knows it.
pub(crate) fn is_day(text: &str) -> bool {
    text.len() == 10
        && !text.starts_with("0000")
        && text.bytes().enumerate().all(|(n, byte)| {
            if n == 4 || n == 7 {
                byte == b'-'
            } else {
                byte.is_ascii_digit()
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, zone: &str) -> String {
        parse_expiry(text, &TimeZone::get(zone).unwrap())
            .unwrap()
            .to_string()
    }

    #[test]
    fn a_day_ends_one_minute_before_midnight_in_the_workspaces_zone() {
        assert_eq!(shown("2024-10-31", "Asia/Kolkata"), "2024-10-31T18:29:00Z");
        assert_eq!(shown("2024-10-31", "UTC"), "2024-10-31T23:59:00Z");
    }

    #[test]
    fn the_day_clocks_change_ends_at_its_own_midnight() {
        assert_eq!(shown("2026-03-29", "Europe/Berlin"), "2026-03-29T21:59:00Z");
        assert_eq!(shown("2026-03-28", "Europe/Berlin"), "2026-03-28T22:59:00Z");
    }

    #[test]
    fn what_an_answer_showed_may_be_sent_back() {
        assert_eq!(
            shown("2024-10-31T18:29:00", "Asia/Kolkata"),
            "2024-10-31T18:29:00Z"
        );
        assert_eq!(
            shown("2024-10-26T18:29:00.000Z", "Asia/Kolkata"),
            "2024-10-26T18:29:00Z"
        );
        assert_eq!(shown("2024-10-26T18:29:00+02:00", "UTC"), "2024-10-26T16:29:00Z");
    }

    #[test]
    fn impossible_or_foreign_forms_are_refused() {
        for text in [
            "",
            "tomorrow",
            "2030-02-30",
            "2030-13-01",
            "01-01-2030",
            "1790000000",
            "99999999-01-01",
            "２０３０-01-01",
            "2030-1-1",
            "20300101",
            "2030-01-01T25:00:00",
            "2030-01-01 ",
            "9999-12-31",
            "0000-12-31",
            "+002030-01-01",
            "2030-06-01 12:00:00Z",
            "20300601T120000Z",
            "2030-06-01T12:00Z",
            "2030-06-01T12:00:00+02",
            "2030-06-01T12:00:00+02:00[Europe/Berlin]",
            "2030-06-01T12:00:00.Z",
            "2030-06-01T12:00:00,5Z",
            "é30-06-01T12:00:00Z",
            "2030-01-01 10:00:00",
            "20300101T100000Z",
        ] {
            assert_eq!(parse_expiry(text, &TimeZone::UTC), Err(ExpiryError), "{text}");
        }
    }
}
