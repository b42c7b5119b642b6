//! The usage report's rows.

use std::{borrow::Cow, io::Write};

use csv::{Terminator, Writer, WriterBuilder};
use jiff::{Timestamp, tz::TimeZone};

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

/// A code that went out: who got it, and for which campaign, as the sender told it.
#[derive(Clone, Copy)]
pub struct Usage<'a> {
    pub channel: Option<&'a str>,
    pub campaign_id: Option<&'a str>,
    pub campaign_name: Option<&'a str>,
    pub campaign_sent_at: Option<Timestamp>,
    pub delivery_type: Option<&'a str>,
    pub user_id: Option<&'a str>,
    pub code: &'a str,
    pub added_at: Timestamp,
    pub label: &'a str,
}

/// Codes and people stay out of logs.
impl std::fmt::Debug for Usage<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Usage").finish_non_exhaustive()
    }
}

/// Writes usage as CSV: UTF-8, CRLF, quoted where needed, times in the workspace's zone. A cell that a spreadsheet would
/// take for a formula is made text by a leading `'`.
#[derive(Debug)]
pub struct UsageCsv<W: Write> {
    csv: Writer<W>,
    zone: TimeZone,
}

impl<W: Write> UsageCsv<W> {
    /// Begins with the header, which a report without rows has too.
    pub fn new(to: W, zone: TimeZone) -> csv::Result<Self> {
        let mut csv = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(to);
        csv.write_record(COLUMNS)?;
        Ok(Self { csv, zone })
    }

    pub fn write(&mut self, usage: &Usage<'_>) -> csv::Result<()> {
        let sent_at = usage
            .campaign_sent_at
            .map(|at| self.shown(at))
            .unwrap_or_default();
        let added_at = self.shown(usage.added_at);
        let cells = [
            usage.channel.unwrap_or_default(),
            usage.campaign_id.unwrap_or_default(),
            usage.campaign_name.unwrap_or_default(),
            &sent_at,
            usage.delivery_type.unwrap_or_default(),
            usage.user_id.unwrap_or_default(),
            usage.code,
            &added_at,
            usage.label,
        ];
        self.csv.write_record(cells.map(|cell| inert(cell).into_owned()))
    }

    /// # Errors
    /// If what was written last could not be passed on.
    pub fn finish(mut self) -> std::io::Result<()> {
        self.csv.flush()
    }

    fn shown(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone())
            .strftime("%Y-%m-%d %H:%M:%S")
            .to_string()
    }
}

fn inert(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\0']) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(rows: &[Usage<'_>]) -> String {
        let mut text = Vec::new();
        let mut csv = UsageCsv::new(&mut text, TimeZone::get("Europe/Berlin").unwrap()).unwrap();
        for row in rows {
            csv.write(row).unwrap();
        }
        csv.finish().unwrap();
        String::from_utf8(text).unwrap()
    }

    fn usage<'a>(code: &'a str, campaign_name: &'a str) -> Usage<'a> {
        Usage {
            channel: Some("Email"),
            campaign_id: Some("c-1"),
            campaign_name: Some(campaign_name),
            campaign_sent_at: Some("2025-01-06T23:00:00Z".parse().unwrap()),
            delivery_type: Some("Event Triggered"),
            user_id: Some("u-1"),
            code,
            added_at: "2025-07-01T08:05:09Z".parse().unwrap(),
            label: "OnboardingDiscount",
        }
    }

    #[test]
    fn a_report_without_rows_has_its_header() {
        assert_eq!(
            report(&[]),
            "Channel,Campaign ID,Campaign Name,Campaign Sent Time,Delivery Type,Moengage ID,Coupon Code,\
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

    #[test]
    fn no_cell_is_a_formula() {
        for code in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "=HYPERLINK(\"http://a.de\",\"x\")",
        ] {
            let text = report(&[usage(code, "=cmd|' /C calc'!A0")]);
            let mut rows = csv::Reader::from_reader(text.as_bytes());
            let row = rows.records().next().unwrap().unwrap();
            assert_eq!(row.get(6).unwrap(), format!("'{code}"));
            assert!(
                !row.iter()
                    .any(|cell| cell.starts_with(['=', '+', '-', '@', '\t'])),
                "{row:?}"
            );
        }
    }
}
