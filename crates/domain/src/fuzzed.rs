//! What must hold for any input: `fuzz/` looks for one for which it does not, and a test tries some of its own.

use jiff::{Timestamp, tz::TimeZone};

use crate::{instant_with_zone, parse_day, parse_expiry, parse_instant};

/// Whatever is taken for a day or an instant is one that the database and the answers have, and can be sent back.
pub fn check_dates(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let day = parse_day(text);
    if let Ok(day) = day {
        assert_eq!(day.to_string(), text);
    }
    for zone in ["UTC", "Asia/Kolkata", "America/Santiago", "Pacific/Kiritimati"] {
        let Ok(zone) = TimeZone::get(zone) else {
            continue;
        };
        if let Ok(instant) = parse_expiry(text, &zone) {
            check_instant(instant);
        }
    }
    if let Some(instant) = parse_instant(text) {
        check_instant(instant);
    }
}

fn check_instant(instant: Timestamp) {
    let shown = instant_with_zone(instant);
    let back = parse_instant(&shown).map(Timestamp::as_millisecond);
    // Answers have milliseconds.
    let milliseconds = i64::try_from(instant.as_nanosecond().div_euclid(1_000_000));
    assert_eq!(back, milliseconds.ok(), "{shown}");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_day_or_instant_can_be_sent_back(text in "[0-9]{4}-[01][0-9]-[0-3][0-9]([Tt][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,10})?([Zz]|[-+][0-2][0-9]:[0-6][0-9])?)?") {
            check_dates(text.as_bytes());
        }

        #[test]
        fn any_bytes_are_judged_as_a_date(bytes: Vec<u8>) {
            check_dates(&bytes);
        }
    }
}
