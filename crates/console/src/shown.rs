//! How numbers, times and charts are written.

use std::fmt::Write as _;

use askama::filters::Safe;
use jiff::{SpanRound, Timestamp, Unit, tz::TimeZone};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// A text as one part of an address's path, whatever letters it has.
pub(crate) fn segment(text: &str) -> String {
    const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');
    utf8_percent_encode(text, ENCODED).to_string()
}

/// `12,345,678`: exact, whatever its size.
pub(crate) fn number(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut shown = String::with_capacity(digits.len() * 4 / 3 + 1);
    if number < 0 {
        shown.push('−');
    }
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// `3 files`, `1 file`.
pub(crate) fn count(many: i64, one: &str) -> String {
    let plural = if many == 1 { "" } else { "s" };
    format!("{} {one}{plural}", number(many))
}

/// What a key may do: `read, 3 lists`, `manage, all lists`.
pub(crate) fn rights(role: &str, lists: Option<usize>) -> String {
    let lists = lists.map(|lists| count(i64::try_from(lists).unwrap_or(i64::MAX), "list"));
    format!("{role}, {}", lists.as_deref().unwrap_or("all lists"))
}

/// A `<time>` to the minute, with its zone.
pub(crate) fn time(instant: Timestamp, zone: &TimeZone) -> Safe<String> {
    let shown = instant.to_zoned(zone.clone());
    // Digits, letters of a zone and punctuation of ours: nothing to escape.
    Safe(format!(
        r#"<time datetime="{instant}">{}</time>"#,
        shown.strftime("%Y-%m-%d %H:%M %Z")
    ))
}

/// A `<time>` that says the day only.
pub(crate) fn day(instant: Timestamp, zone: &TimeZone) -> Safe<String> {
    let shown = instant.to_zoned(zone.clone());
    Safe(format!(
        r#"<time datetime="{instant}">{}</time>"#,
        shown.strftime("%Y-%m-%d")
    ))
}

/// `in 3 days`, `5 hours ago`: the largest unit that is not zero.
pub(crate) fn away(instant: Timestamp, now: Timestamp) -> String {
    let span = now.until(instant).ok();
    let span = span.and_then(|span| {
        let largest = SpanRound::new().largest(Unit::Hour).smallest(Unit::Second);
        span.round(largest).ok()
    });
    let Some(span) = span else {
        return "far away".to_owned();
    };
    let hours = i64::from(span.get_hours());
    let (many, unit) = match (hours.abs() / 24, hours.abs(), span.get_minutes().abs()) {
        (0, 0, 0) => return "now".to_owned(),
        (0, 0, minutes) => (minutes, "minute"),
        (0, hours, _) => (hours, "hour"),
        (days, _, _) => (days, "day"),
    };
    let many = count(many, unit);
    if instant > now {
        format!("in {many}")
    } else {
        format!("{many} ago")
    }
}

/// Bars, one a number, as high as they are large; what they say stands beside them in words.
pub(crate) fn sparkline(numbers: &[i64]) -> Safe<String> {
    const BAR: usize = 4;
    const HEIGHT: i64 = 20;
    let most = numbers.iter().copied().max().unwrap_or_default().max(1);
    let mut bars = String::new();
    for (place, number) in numbers.iter().enumerate().filter(|(_, number)| **number > 0) {
        let height = (number * HEIGHT / most).max(1);
        let (x, y) = (place * BAR, HEIGHT - height);
        // Writing to a text does not fail.
        _ = write!(bars, r#"<rect x="{x}" y="{y}" width="3" height="{height}"/>"#);
    }
    let width = numbers.len() * BAR;
    Safe(format!(
        r#"<svg class="sparkline" width="{width}" height="{HEIGHT}" viewBox="0 0 {width} {HEIGHT}" aria-hidden="true">{bars}</svg>"#
    ))
}

/// How full: two hundred units wide.
pub(crate) fn stock_bar(available: i64, total: i64) -> Safe<String> {
    const WIDTH: i64 = 100;
    let width = if total > 0 {
        (i128::from(available) * i128::from(WIDTH) / i128::from(total)).clamp(0, i128::from(WIDTH))
    } else {
        0
    };
    let width = if available > 0 { width.max(1) } else { width };
    Safe(format!(
        r#"<svg class="stock" width="{WIDTH}" height="8" viewBox="0 0 {WIDTH} 8" aria-hidden="true"><rect class="all" width="{WIDTH}" height="8" rx="4"/><rect class="left" width="{width}" height="8" rx="4"/></svg>"#
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_and_grouped() {
        for (plain, shown) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (-12_345_678, "−12,345,678"),
        ] {
            assert_eq!(number(plain), shown);
        }
        assert_eq!(
            (count(1, "file"), count(1_000, "file")),
            ("1 file".to_owned(), "1,000 files".to_owned())
        );
    }

    #[test]
    fn a_time_away_is_told_in_its_largest_unit() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        for (instant, told) in [
            ("2026-11-24T12:00:20Z", "now"),
            ("2026-11-24T12:01:20Z", "in 1 minute"),
            ("2026-11-24T09:00:00Z", "3 hours ago"),
            ("2026-11-27T13:00:00Z", "in 3 days"),
        ] {
            assert_eq!(away(instant.parse().unwrap(), now), told, "{instant}");
        }
    }

    #[test]
    fn a_list_that_has_any_code_has_some_bar() {
        let bar = |available, total| stock_bar(available, total).0;
        assert!(bar(1, 100_000_000).contains(r#"class="left" width="1""#));
        assert!(bar(0, 5).contains(r#"class="left" width="0""#));
        assert!(bar(0, 0).contains(r#"class="left" width="0""#));
    }
}
