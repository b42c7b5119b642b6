//! Hours and days of a time zone, as they lie on the clock up to now.

use jiff::{RoundMode, SignedDuration, Timestamp, ToSpan as _, Unit, ZonedRound, tz::TimeZone};

/// Where the last days begin, of which today is the last, and now; fewer where the calendar ends.
pub fn last_days(now: Timestamp, zone: &TimeZone, days: i32) -> Vec<Timestamp> {
    let today = now.to_zoned(zone.clone()).date();
    let beginning = |back: i32| {
        let day = today.checked_sub(back.days()).ok()?.to_zoned(zone.clone()).ok()?;
        Some(day.start_of_day().ok()?.timestamp())
    };
    (0..days).rev().filter_map(beginning).chain([now]).collect()
}

/// The same of hours.
pub fn last_hours(now: Timestamp, zone: &TimeZone, hours: i32) -> Vec<Timestamp> {
    let hour = ZonedRound::new().smallest(Unit::Hour).mode(RoundMode::Trunc);
    let begun = now.to_zoned(zone.clone()).round(hour);
    let begun = begun.map_or(now, |begun| begun.timestamp());
    let beginning = |back: i32| begun - SignedDuration::from_hours(i64::from(back));
    (0..hours).rev().map(beginning).chain([now]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(instants: &[Timestamp]) -> Vec<String> {
        instants.iter().map(Timestamp::to_string).collect()
    }

    #[test]
    fn days_begin_where_the_zone_has_them_also_when_clocks_change() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let now = "2026-03-30T10:00:00Z".parse().unwrap();
        assert_eq!(
            shown(&last_days(now, &zone, 3)),
            [
                "2026-03-27T23:00:00Z",
                "2026-03-28T23:00:00Z",
                "2026-03-29T22:00:00Z",
                "2026-03-30T10:00:00Z"
            ]
        );
    }

    #[test]
    fn hours_begin_where_the_zone_has_them() {
        let now = "2026-11-28T10:40:00Z".parse().unwrap();
        let zone = TimeZone::get("Asia/Kolkata").unwrap();
        assert_eq!(
            shown(&last_hours(now, &zone, 2)),
            [
                "2026-11-28T09:30:00Z",
                "2026-11-28T10:30:00Z",
                "2026-11-28T10:40:00Z"
            ]
        );
    }
}
