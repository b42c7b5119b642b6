//! The usage report's rows.

use std::io::Write;

use csv::{Terminator, Writer, WriterBuilder};
use domain::inert;
use jiff::{Timestamp, tz::TimeZone};
use storage::UsageRow;

/// The documented header, exact and in order.
const COLUMNS: [&str; 9] = [
    "Channel",
    "Campaign ID",
    "Campaign Name",
    "Campaign Sent Time",
    "Delivery Type",
    "Moengage ID",
    "Coupon Code",
    "Coupon Addition Date",
    "Coupon List Label",
];
/// Promised by the documentation's text and absent from its sample: only where they were asked for.
const VARIATIONS: [&str; 2] = ["Locale", "Variation"];

/// Without it spreadsheets take the text for the encoding of the country they are in, and garble names.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Writes usage as CSV: UTF-8 with its mark, CRLF, quoted where needed, times in the workspace's zone. Where a spreadsheet
/// would take a cell, or what follows a separator within it, for a formula, a `'` makes it text.
pub(crate) struct UsageCsv<W: Write> {
    csv: Writer<W>,
    zone: TimeZone,
    label: String,
    with_variations: bool,
    /// Rows that follow one another were mostly added and sent at the same time.
    last_added: Option<(Timestamp, String)>,
    last_sent: Option<(Timestamp, String)>,
}

impl<W: Write> UsageCsv<W> {
    /// Begins with the header, which a report without rows has too.
    pub(crate) fn new(mut to: W, zone: TimeZone, label: String, with_variations: bool) -> csv::Result<Self> {
        to.write_all(BYTE_ORDER_MARK)?;
        let mut csv = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(to);
        let more: &[&str] = if with_variations { &VARIATIONS } else { &[] };
        csv.write_record(COLUMNS.iter().chain(more))?;
        Ok(Self {
            csv,
            zone,
            label,
            with_variations,
            last_added: None,
            last_sent: None,
        })
    }

    pub(crate) fn write(&mut self, row: &UsageRow<'_>) -> csv::Result<()> {
        let sent_at = match row.campaign_sent_at {
            Some(at) => shown(at, &self.zone, &mut self.last_sent),
            None => "",
        };
        let added_at = shown(row.added_at, &self.zone, &mut self.last_added);
        let cells = [
            row.channel.unwrap_or_default(),
            row.campaign_id.unwrap_or_default(),
            row.campaign_name.unwrap_or_default(),
            sent_at,
            row.delivery_type.unwrap_or_default(),
            row.user_id.unwrap_or_default(),
            row.code,
            added_at,
            &self.label,
        ];
        for cell in cells {
            self.csv.write_field(inert(cell).as_bytes())?;
        }
        if self.with_variations {
            for cell in [row.locale, row.variation] {
                self.csv.write_field(inert(cell.unwrap_or_default()).as_bytes())?;
            }
        }
        self.csv.write_record(None::<&[u8]>)
    }

    /// Gives back what was written to.
    ///
    /// # Errors
    /// If what was written last could not be passed on.
    pub(crate) fn finish(self) -> std::io::Result<W> {
        self.csv.into_inner().map_err(csv::IntoInnerError::into_error)
    }
}

fn shown<'a>(at: Timestamp, zone: &TimeZone, last: &'a mut Option<(Timestamp, String)>) -> &'a str {
    if last.as_ref().is_none_or(|(known, _)| *known != at) {
        let text = at
            .to_zoned(zone.clone())
            .strftime("%Y-%m-%d %H:%M:%S")
            .to_string();
        *last = Some((at, text));
    }
    last.as_ref().map_or("", |(_, text)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(rows: &[UsageRow<'_>]) -> String {
        report_with(rows, false)
    }

    fn report_with(rows: &[UsageRow<'_>], variations: bool) -> String {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let mut csv = UsageCsv::new(Vec::new(), zone, "OnboardingDiscount".to_owned(), variations).unwrap();
        for row in rows {
            csv.write(row).unwrap();
        }
        String::from_utf8(csv.finish().unwrap()).unwrap()
    }

    fn usage<'a>(code: &'a str, campaign_name: &'a str) -> UsageRow<'a> {
        UsageRow {
            channel: Some("Email"),
            campaign_id: Some("c-1"),
            campaign_name: Some(campaign_name),
            campaign_sent_at: Some("2025-01-06T23:00:00Z".parse().unwrap()),
            delivery_type: Some("Event Triggered"),
            user_id: Some("u-1"),
            code,
            added_at: "2025-07-01T08:05:09Z".parse().unwrap(),
            locale: Some("de"),
            variation: Some("=B"),
        }
    }

    #[test]
    fn locale_and_variation_come_last_and_only_if_asked_for() {
        let text = report_with(&[usage("A", "B")], true);
        assert!(
            text.lines()
                .next()
                .unwrap()
                .ends_with(",Coupon List Label,Locale,Variation")
        );
        assert!(
            text.lines()
                .nth(1)
                .unwrap()
                .ends_with(",OnboardingDiscount,de,'=B")
        );
    }

    #[test]
    fn each_row_shows_its_own_times() {
        let later = UsageRow {
            campaign_sent_at: Some("2025-01-07T23:00:00Z".parse().unwrap()),
            ..usage("B", "C")
        };
        let never = UsageRow {
            campaign_sent_at: None,
            ..usage("C", "C")
        };
        let text = report(&[usage("A", "C"), later, never]);
        let sent: Vec<&str> = text
            .lines()
            .skip(1)
            .map(|line| line.split(',').nth(3).unwrap())
            .collect();
        assert_eq!(sent, ["2025-01-07 00:00:00", "2025-01-08 00:00:00", ""]);
    }

    #[test]
    fn a_report_without_rows_has_its_header() {
        assert_eq!(
            report(&[]),
            "\u{feff}Channel,Campaign ID,Campaign Name,Campaign Sent Time,Delivery Type,Moengage ID,Coupon Code,\
             Coupon Addition Date,Coupon List Label\r\n"
        );
    }

    #[test]
    fn a_row_shows_its_times_in_the_workspaces_zone_and_quotes_only_where_needed() {
        let text = report(&[usage("ABCD965210", "New, \"User\" Discount")]);
        assert_eq!(
            text.lines().nth(1).unwrap(),
            "Email,c-1,\"New, \"\"User\"\" Discount\",2025-01-07 00:00:00,Event Triggered,u-1,ABCD965210,\
             2025-07-01 10:05:09,OnboardingDiscount"
        );
    }

    /// As a spreadsheet that parts cells at `separators` sees a row, with quotes only where a cell begins with one.
    fn cells_of_a_spreadsheet(line: &str, separators: &[char]) -> Vec<String> {
        let (mut cells, mut quoted, mut fresh) = (vec![String::new()], false, true);
        for c in line.chars() {
            let cell = cells.last_mut().unwrap();
            match c {
                '"' if fresh || quoted => quoted = !quoted,
                c if separators.contains(&c) && !quoted => {
                    cells.push(String::new());
                    fresh = true;
                    continue;
                }
                c => cell.push(c),
            }
            fresh = false;
        }
        cells
    }

    const HOSTILE: [&str; 22] = [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        " =1+1",
        "\u{a0}=1",
        "\"=1+1\"",
        "\u{ff1d}1+1",
        "\u{ff0b}1",
        "\u{ff0d}1",
        "\u{ff20}SUM(A1)",
        "=HYPERLINK(\"http://a.de\",\"x\")",
        "a;=1+1",
        "a; =1+1",
        "a;;=1+1",
        "a;\"=1+1",
        "a,b;=cmd|' /C calc'!A0",
        "a;+1;-1;@x;\u{ff1d}1",
        "a|=1",
        "a\t=1;=2",
    ];

    #[test]
    fn no_cell_is_a_formula_whatever_a_spreadsheet_parts_cells_at() {
        for hostile in HOSTILE {
            let text = report(&[usage(hostile, hostile)]);
            let mut rows = csv::Reader::from_reader(text.as_bytes());
            let row = rows.records().next().unwrap().unwrap();
            assert!(row.get(6).unwrap().starts_with(['\'', 'a']), "{row:?}");
            let line = text.split_once("\r\n").unwrap().1;
            for separators in [[','].as_slice(), &[';'], &['\t'], &['|'], &[',', ';', '\t']] {
                for cell in cells_of_a_spreadsheet(line, separators) {
                    let bare = cell.trim_start_matches([' ', '\u{a0}', '"']);
                    assert!(
                        !bare.starts_with([
                            '=', '+', '-', '@', '\t', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'
                        ]),
                        "{cell:?} of {line:?} parted at {separators:?}"
                    );
                }
            }
        }
    }

    /// So a program gets the text back: the marks are taken away, and nothing else was changed.
    #[test]
    fn a_cell_made_text_holds_its_text() {
        for hostile in HOSTILE {
            let text = report(&[usage(hostile, "c")]);
            let mut rows = csv::Reader::from_reader(text.as_bytes());
            let row = rows.records().next().unwrap().unwrap();
            assert_eq!(row.get(6).unwrap().replace('\'', ""), hostile.replace('\'', ""));
        }
    }
}
