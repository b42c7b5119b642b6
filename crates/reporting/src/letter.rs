//! What a mail says: one layout, in plain text and in HTML.

use askama::Template;
use jiff::{Timestamp, tz::TimeZone};
use storage::{CouponFile, CouponList, InvitationLetter, News, ReportStatus, UsageReport};

use crate::visible::visible;

/// A mail's words. Whatever came from a client is made visible on its way in.
pub(crate) struct Letter {
    pub(crate) subject: String,
    headline: String,
    sentence: String,
    facts: Vec<(&'static str, String)>,
    advice: String,
    /// For a report that is too large for a mail, or to answer an invitation.
    link: Option<String>,
    /// What the link is called.
    link_text: &'static str,
    foot: &'static str,
}

#[derive(Template)]
#[template(path = "letter.html")]
struct Html<'a> {
    subject: &'a str,
    headline: &'a str,
    sentence: &'a str,
    facts: &'a [(&'static str, String)],
    advice: &'a str,
    link: Option<&'a str>,
    link_text: &'a str,
    foot: &'a str,
}

#[derive(Template)]
#[template(path = "letter.txt", escape = "none")]
struct Plain<'a> {
    headline: &'a str,
    sentence: &'a str,
    facts: &'a [(&'static str, String)],
    advice: &'a str,
    link: Option<&'a str>,
    link_text: &'a str,
    foot: &'a str,
}

const OF_ALERTS: &str =
    "You get this mail because your address is among the alert subscribers of this coupon list.";
const OF_INVITATIONS: &str = "You get this mail because an admin of the workspace named your address. If you do not know what it is about, do nothing.";
const REPORT: &str = "Download the report";
const OF_REPORTS: &str = "You get this mail because your address was named when the report was asked for.";

impl Letter {
    /// `link` is where a report can be downloaded that is not attached.
    pub(crate) fn new(list: &CouponList, news: &News, zone: &TimeZone, link: Option<String>) -> Self {
        let name = visible(&list.name);
        let letter = match news {
            News::FileLoaded(file) => file_loaded(&name, list, file),
            News::FileFailed(file) => file_failed(&name, file),
            News::Shortage { available, threshold } => shortage(&name, *available, *threshold),
            News::Expiry { days_left } => expiry(&name, list, *days_left, zone),
            News::Report(report) if report.status == ReportStatus::Ready => {
                report_ready(&name, report, link, zone)
            }
            News::Report(report) => report_failed(&name, report),
        };
        let list_facts = [("Coupon list", name), ("Label", visible(&list.label))];
        Self {
            facts: list_facts.into_iter().chain(letter.facts).collect(),
            ..letter
        }
    }

    /// The link makes its holder a member.
    pub(crate) fn of_invitation(invitation: &InvitationLetter, link: String, zone: &TimeZone) -> Self {
        let workspace = visible(&invitation.workspace);
        let by = invitation.by.as_deref().map(visible);
        let by = by.as_deref().unwrap_or("An admin");
        let role = invitation.role;
        Self {
            subject: format!("Invitation to {workspace}"),
            headline: format!("You are invited to {workspace}"),
            sentence: format!(
                "{by} invites you to the workspace {workspace} of couponry, where coupon lists are managed."
            ),
            facts: vec![
                ("Workspace", workspace.clone()),
                ("Your role", role.to_string()),
                ("Open until", instant(invitation.expires_at, zone)),
            ],
            advice: "The link is for you alone, and opens once: do not pass it on.".to_owned(),
            link: Some(link),
            link_text: "Accept the invitation",
            foot: OF_INVITATIONS,
        }
    }

    pub(crate) fn html(&self) -> askama::Result<String> {
        Html {
            subject: &self.subject,
            headline: &self.headline,
            sentence: &self.sentence,
            facts: &self.facts,
            advice: &self.advice,
            link: self.link.as_deref(),
            link_text: self.link_text,
            foot: self.foot,
        }
        .render()
    }

    pub(crate) fn plain(&self) -> askama::Result<String> {
        Plain {
            headline: &self.headline,
            sentence: &self.sentence,
            facts: &self.facts,
            advice: &self.advice,
            link: self.link.as_deref(),
            link_text: self.link_text,
            foot: self.foot,
        }
        .render()
    }
}

fn file_loaded(list: &str, now: &CouponList, file: &CouponFile) -> Letter {
    let name = visible(&file.name);
    Letter {
        subject: format!("Loaded into {list}: {} codes from {name}", count(file.added)),
        headline: format!("{} codes were added", count(file.added)),
        sentence: format!(
            "The file {name} was loaded into the coupon list {list}. Its codes can be handed out."
        ),
        facts: vec![
            ("File", name),
            ("Codes added", count(file.added)),
            ("Duplicates left out", count(file.duplicates)),
            ("Rows rejected", count(file.rejected)),
            ("Codes available now", count(now.available)),
        ],
        advice: if file.rejected > 0 {
            "The first rejected rows are named, with their lines, in the details of the file.".to_owned()
        } else {
            "There is nothing to do.".to_owned()
        },
        link: None,
        link_text: REPORT,
        foot: OF_ALERTS,
    }
}

fn file_failed(list: &str, file: &CouponFile) -> Letter {
    let name = visible(&file.name);
    let reason = file.failure.as_deref().unwrap_or("not known");
    Letter {
        subject: format!("Not loaded into {list}: {name}"),
        headline: "A coupon file could not be loaded".to_owned(),
        sentence: format!("No code of the file {name} was added to the coupon list {list}: {reason}."),
        facts: vec![
            ("File", name),
            ("Reason", reason.to_owned()),
            ("Rows rejected", count(file.rejected)),
        ],
        advice: "Mend what the reason names and upload the file again.".to_owned(),
        link: None,
        link_text: REPORT,
        foot: OF_ALERTS,
    }
}

fn shortage(list: &str, available: i64, threshold: i64) -> Letter {
    let left = match available {
        0 => "no codes are left".to_owned(),
        1 => "1 code is left".to_owned(),
        more => format!("{} codes are left", count(more)),
    };
    Letter {
        subject: format!("Running low: {left} in {list}"),
        headline: "A coupon list runs low".to_owned(),
        sentence: format!("In the coupon list {list} {left}; you asked to be told below {}.", count(threshold)),
        facts: vec![
            ("Codes available", count(available)),
            ("Threshold", count(threshold)),
        ],
        advice: "Upload more codes before the next campaign. You will hear of this list again after it was filled up \
                 and ran low once more."
            .to_owned(),
        link: None,
        link_text: REPORT,
        foot: OF_ALERTS,
    }
}

fn expiry(list: &str, now: &CouponList, days_left: i32, zone: &TimeZone) -> Letter {
    let when = match days_left {
        ..=0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        more => format!("in {more} days"),
    };
    Letter {
        subject: format!("Expires {when}: {list}"),
        headline: format!("A coupon list expires {when}"),
        sentence: format!(
            "The coupon list {list} expires on {}. Its codes that were not handed out by then are removed for good.",
            instant(now.expires_at, zone)
        ),
        facts: vec![
            ("Expires", instant(now.expires_at, zone)),
            ("Codes available", count(now.available)),
        ],
        advice: "To keep the list, update its expiry date before it is over.".to_owned(),
        link: None,
        link_text: REPORT,
        foot: OF_ALERTS,
    }
}

fn report_ready(list: &str, report: &UsageReport, link: Option<String>, zone: &TimeZone) -> Letter {
    let (period, rows) = (period(report), report.rows.unwrap_or_default());
    let advice = if link.is_some() {
        format!(
            "The report is too large for a mail. The link opens without a password until {}: do not pass it on.",
            instant(report.expires_at, zone)
        )
    } else if rows == 0 {
        "No code was handed out in this period, so the attached report has its header only.".to_owned()
    } else {
        "The report is attached.".to_owned()
    };
    Letter {
        subject: format!("Usage report of {list}, {period}"),
        headline: "Your usage report is ready".to_owned(),
        sentence: format!("The codes that the coupon list {list} handed out, {period}: a row for each."),
        facts: vec![("Period", period), ("Rows", count(rows))],
        advice,
        link,
        link_text: REPORT,
        foot: OF_REPORTS,
    }
}

fn report_failed(list: &str, report: &UsageReport) -> Letter {
    let period = period(report);
    let reason = report.failure.as_deref().unwrap_or("not known");
    Letter {
        subject: format!("No usage report of {list}, {period}"),
        headline: "Your usage report could not be built".to_owned(),
        sentence: format!("The usage report of the coupon list {list} could not be built: {reason}."),
        facts: vec![("Period", period), ("Reason", reason.to_owned())],
        advice: "Ask for it again when the reason is gone.".to_owned(),
        link: None,
        link_text: REPORT,
        foot: OF_REPORTS,
    }
}

fn period(report: &UsageReport) -> String {
    if report.start_date == report.end_date {
        report.start_date.clone()
    } else {
        format!("{} to {}", report.start_date, report.end_date)
    }
}

/// `2026-12-31 23:59 (Europe/Berlin)`.
fn instant(at: Timestamp, zone: &TimeZone) -> String {
    let zoned = at.to_zoned(zone.clone());
    let zone = zone.iana_name().unwrap_or("UTC");
    format!("{} ({zone})", zoned.strftime("%Y-%m-%d %H:%M"))
}

/// `7,489,827`.
fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests;
