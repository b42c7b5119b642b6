//! Which hand-outs are meant, as a form or an address says it.

use domain::{AllocationStatus, ExternalId, PublicId, parse_day};
use jiff::{Timestamp, ToSpan as _, civil::Date};
use storage::HandOutFilter;
use url::form_urlencoded;

use crate::{Console, form::Form};

/// What can be said of hand-outs, in the order of the form.
const FIELDS: [&str; 6] = ["user", "campaign", "status", "file", "from", "until"];

/// As it was typed. Days are of the console's zone, both included.
pub(crate) struct Filter<'a> {
    pub(crate) user: &'a str,
    pub(crate) campaign: &'a str,
    pub(crate) status: &'a str,
    pub(crate) file: &'a str,
    pub(crate) from: &'a str,
    pub(crate) until: &'a str,
}

impl<'a> Filter<'a> {
    pub(crate) fn of(form: &'a Form) -> Self {
        let [user, campaign, status, file, from, until] = FIELDS.map(|name| form.text(name));
        Self {
            user,
            campaign,
            status,
            file,
            from,
            until,
        }
    }

    /// What was said, by its name.
    pub(crate) fn said(&self) -> impl Iterator<Item = (&'static str, &'a str)> + use<'a> {
        let said = [
            self.user,
            self.campaign,
            self.status,
            self.file,
            self.from,
            self.until,
        ];
        FIELDS.into_iter().zip(said).filter(|(_, text)| !text.is_empty())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.said().next().is_none()
    }

    /// The same as an address says it.
    pub(crate) fn query(&self) -> form_urlencoded::Serializer<'static, String> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.said());
        query
    }

    /// As the storage takes it, or what is wrong with it.
    pub(crate) fn read(&self, console: &Console) -> Result<HandOutFilter, String> {
        let id = |text: &str, what: &str| {
            let id = (!text.is_empty()).then(|| ExternalId::new(text)).transpose();
            id.map_err(|error| format!("The {what} {error}."))
        };
        Ok(HandOutFilter {
            user_id: id(self.user, "user")?,
            campaign_id: id(self.campaign, "campaign")?,
            status: read::<AllocationStatus>(self.status, "The state is none there is.")?,
            file: read::<PublicId>(self.file, "The file is none of this list.")?,
            from: day(console, self.from, 0)?,
            until: day(console, self.until, 1)?,
        })
    }
}

fn read<T: std::str::FromStr>(text: &str, refusal: &str) -> Result<Option<T>, String> {
    let read = (!text.is_empty()).then(|| text.parse()).transpose();
    read.map_err(|_| refusal.to_owned())
}

/// Where that day begins, or so many days later.
fn day(console: &Console, text: &str, later: i32) -> Result<Option<Timestamp>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let refusal = || "A day is written like 2026-12-31.".to_owned();
    let begin = |day: Date| {
        let day = day.checked_add(later.days()).ok()?;
        let begin = day.to_zoned(console.zone.clone()).ok()?.start_of_day().ok()?;
        Some(begin.timestamp())
    };
    let day = parse_day(text).map_err(|_| refusal())?;
    begin(day).ok_or_else(refusal).map(Some)
}
