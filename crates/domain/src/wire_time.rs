//! The two timestamp forms of the API.

use jiff::{Timestamp, tz::TimeZone};

/// `2024-10-31T18:29:00`: UTC, but without saying so. Only the answer to a creation uses it.
pub fn instant_without_zone(instant: Timestamp) -> String {
    instant
        .to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%dT%H:%M:%S")
        .to_string()
}

/// `2024-10-26T18:29:00.000Z`: every other answer.
pub fn instant_with_zone(instant: Timestamp) -> String {
    instant
        .to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_the_documented_ones() {
        let instant = "2024-10-31T18:29:00Z".parse().unwrap();
        assert_eq!(instant_without_zone(instant), "2024-10-31T18:29:00");
        assert_eq!(instant_with_zone(instant), "2024-10-31T18:29:00.000Z");
        assert_eq!(
            instant_with_zone("2024-10-31T18:29:00.1239Z".parse().unwrap()),
            "2024-10-31T18:29:00.123Z"
        );
    }
}
