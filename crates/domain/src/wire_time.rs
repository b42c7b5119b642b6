//! The two timestamp forms of the API, and the instants it takes.

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

/// An instant by the letter of RFC 3339: `2026-12-31T18:29:00Z`, with a fraction or an offset if there is one. jiff reads
/// more: other forms of ISO 8601, and years that the database does not have.
pub fn parse_instant(text: &str) -> Option<Timestamp> {
    const SECONDS: &[u8] = b"0000-00-00T00:00:00";
    let (seconds, rest) = text.as_bytes().split_at_checked(SECONDS.len())?;
    if !has_form(seconds, SECONDS) {
        return None;
    }
    let offset = rest.strip_prefix(b".").map_or(rest, |fraction| {
        let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit());
        fraction.get(digits.count()..).unwrap_or_default()
    });
    let is_offset = match offset {
        [b'Z' | b'z'] => true,
        [b'+' | b'-', hours_and_minutes @ ..] => {
            has_form(hours_and_minutes, b"00:00") && hours_and_minutes < b"24".as_slice()
        }
        _ => false,
    };
    let instant: Timestamp = is_offset.then(|| text.parse().ok()).flatten()?;
    // Of a year before the first the answers would make another form.
    (instant.to_zoned(TimeZone::UTC).year() >= 1).then_some(instant)
}

/// Digits where the form has digits, else the form's own signs; letters in whatever case.
fn has_form(text: &[u8], form: &[u8]) -> bool {
    text.len() == form.len()
        && text.iter().zip(form).all(|(byte, sign)| match sign {
            b'0' => byte.is_ascii_digit(),
            sign => byte.eq_ignore_ascii_case(sign),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_by_the_letter() {
        for text in [
            "2026-12-31T18:29:00Z",
            "2026-12-31t18:29:00z",
            "2026-12-31T18:29:00.000Z",
            "2026-12-31T20:29:00+02:00",
            "2026-12-31T12:59:00-05:30",
        ] {
            let at = parse_instant(text).unwrap();
            assert_eq!(at.to_string(), "2026-12-31T18:29:00Z", "{text}");
        }
        for text in [
            "",
            "2026-12-31",
            "2026-12-31T18:29:00",
            "2026-12-31T18:29Z",
            "2026-12-31 18:29:00Z",
            "20261231T182900Z",
            "2026-12-31T18:29:00,5Z",
            "2026-12-31T18:29:00.Z",
            "2026-12-31T18:29:00Z[UTC]",
            "2026-12-31T18:29:00+2",
            "2026-12-31T18:29:00+0200",
            "2026-12-31T18:29:00+24:00",
            "2026-02-30T18:29:00Z",
            "2026-12-31T25:00:00Z",
            "+002026-12-31T18:29:00Z",
            "-005000-12-31T18:29:00Z",
            "0000-12-31T18:29:00Z",
            "0001-01-01T00:00:00+00:01",
            "２０２６-12-31T18:29:00Z",
        ] {
            assert_eq!(parse_instant(text), None, "{text}");
        }
    }

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
