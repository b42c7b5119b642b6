//! When a list runs dry, from how fast it was used up lately.

use jiff::{SignedDuration, Timestamp};

/// Codes used up in a time that has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    pub codes: i64,
    pub within: SignedDuration,
}

/// When a list runs dry if it goes on as in one of the times that were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// If it goes on as in the longest of them that is not longer than a day.
    pub expected: Timestamp,
    /// If it goes on as in the fastest.
    pub earliest: Timestamp,
    /// If it goes on as in the slowest in which anything was used at all.
    pub latest: Timestamp,
}

impl Forecast {
    /// `None` if nothing was used up: then it does not run dry. `usages` from the shortest time to the longest; a time
    /// that began before the list had codes (`since`) counts only from there on.
    pub fn new(available: i64, usages: &[Usage], since: Timestamp, now: Timestamp) -> Option<Self> {
        let age = now.duration_since(since).max(SignedDuration::from_secs(1));
        let day = SignedDuration::from_hours(24);
        let mut ends: Vec<(SignedDuration, Timestamp)> = usages
            .iter()
            .filter(|usage| usage.codes > 0)
            .map(|usage| {
                (
                    usage.within,
                    dry_at(available, usage.codes, usage.within.min(age), now),
                )
            })
            .collect();
        ends.sort_by_key(|(within, _)| *within);
        let expected = ends
            .iter()
            .rev()
            .find(|(within, _)| *within <= day)
            .or_else(|| ends.first())?
            .1;
        Some(Self {
            expected,
            earliest: ends.iter().map(|(_, end)| *end).min()?,
            latest: ends.iter().map(|(_, end)| *end).max()?,
        })
    }
}

fn dry_at(available: i64, codes: i64, within: SignedDuration, now: Timestamp) -> Timestamp {
    let milliseconds = within.as_millis() * i128::from(available.max(0)) / i128::from(codes);
    let left = i64::try_from(milliseconds).map_or(SignedDuration::MAX, SignedDuration::from_millis);
    // Beyond the calendar's end is as good as its end.
    now.checked_add(left).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn usages(minute: i64, hour: i64, day: i64, week: i64) -> [Usage; 4] {
        [(minute, 60), (hour, 3_600), (day, 86_400), (week, 604_800)].map(|(codes, seconds)| Usage {
            codes,
            within: SignedDuration::from_secs(seconds),
        })
    }

    #[test]
    fn a_list_runs_dry_as_fast_as_it_was_used_up() {
        let now = at("2026-11-24T12:00:00Z");
        let since = at("2026-01-01T00:00:00Z");
        let forecast = Forecast::new(2_400, &usages(10, 200, 2_400, 4_800), since, now).unwrap();
        assert_eq!(forecast.expected, at("2026-11-25T12:00:00Z"));
        assert_eq!(forecast.earliest, at("2026-11-24T16:00:00Z"));
        assert_eq!(forecast.latest, at("2026-11-28T00:00:00Z"));
    }

    #[test]
    fn a_young_list_is_judged_by_its_own_life() {
        let now = at("2026-11-24T12:00:00Z");
        let since = at("2026-11-24T10:00:00Z");
        let forecast = Forecast::new(100, &usages(0, 0, 200, 200), since, now).unwrap();
        assert_eq!(forecast.expected, at("2026-11-24T13:00:00Z"));
        assert_eq!(
            (forecast.earliest, forecast.latest),
            (forecast.expected, forecast.expected)
        );
    }

    #[test]
    fn what_is_not_used_does_not_run_dry_and_what_is_dry_is_dry_now() {
        let now = at("2026-11-24T12:00:00Z");
        assert_eq!(Forecast::new(5, &usages(0, 0, 0, 0), now, now), None);
        let dry = Forecast::new(0, &usages(1, 1, 1, 1), at("2026-11-01T00:00:00Z"), now).unwrap();
        assert_eq!((dry.earliest, dry.latest), (now, now));
        let slow = Forecast::new(i64::MAX, &usages(0, 0, 0, 1), at("2020-01-01T00:00:00Z"), now).unwrap();
        assert_eq!(slow.latest, Timestamp::MAX);
    }
}
