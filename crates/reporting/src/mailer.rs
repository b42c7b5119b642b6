//! Sending mails: at least once, with an id that stays over repeats.

use std::{io::Read as _, sync::Arc, time::Instant};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::LinkKey;
use flate2::read::MultiGzDecoder;
use futures_util::TryStreamExt as _;
use jiff::tz::TimeZone;
use lettre::{
    Address, AsyncTransport as _, Message,
    address::Envelope,
    message::{
        Attachment, Mailbox, MultiPart,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::Error as SmtpError,
};
use storage::{CouponList, Error, MailToSend, News, ReportStatus, Storage, UsageReport};
use tracing::info;
use url::Url;

use crate::{availability::Availability, letter::Letter, relay::Relay};

/// A CSV up to this size is attached as it is, so that a phone opens it.
const PLAIN_BYTES: i64 = 5 * 1024 * 1024;
/// A compressed one up to this size is attached; most relays refuse mails beyond 25 MB, and base64 adds a third.
const ATTACHED_BYTES: i64 = 20 * 1024 * 1024;

/// Sends mails by the operator's relay.
#[derive(Debug, Clone)]
pub struct Mailer {
    storage: Storage,
    relay: Relay,
    zone: TimeZone,
    public_url: Url,
    availability: Arc<Availability>,
}

/// Why a mail was not sent. The texts never quote the relay, whose answers name addresses.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// It may be, later.
    #[error("the mail relay {0}")]
    Later(String),
    /// It never will be.
    #[error("the mail cannot be sent: {0}")]
    Never(&'static str),
    #[error(transparent)]
    Storage(#[from] Error),
}

impl Mailer {
    pub fn new(storage: Storage, relay: Relay, zone: TimeZone, public_url: Url) -> Self {
        Self {
            storage,
            relay,
            zone,
            public_url,
            availability: Arc::default(),
        }
    }

    /// Sends the mail to its one recipient, if there still is something to tell, and ends its job.
    pub async fn send(&self, mail: &MailToSend) -> Result<(), MailError> {
        if let Some((list, news)) = self.storage.news(mail).await? {
            let recipient: Address = mail
                .to()
                .parse()
                .map_err(|_| MailError::Never("its recipient is no address"))?;
            let message = self.message(mail, &list, &news, &recipient).await?;
            self.hand_over(&message, recipient).await?;
        }
        self.storage.mail_sent(mail).await?;
        Ok(())
    }

    async fn hand_over(&self, message: &[u8], recipient: Address) -> Result<(), MailError> {
        let envelope = Envelope::new(Some(self.relay.from.email.clone()), vec![recipient])
            .map_err(|_| MailError::Never("it has no recipient"))?;
        let began = Instant::now();
        let sent = self.relay.transport.send_raw(&envelope, message).await;
        let of_the_relay = sent.as_ref().err().filter(|error| !is_about_the_mail(error));
        self.availability.note(began, of_the_relay.map(judged).as_ref());
        match sent {
            Ok(_) => {
                info!("mail sent");
                Ok(())
            }
            Err(error) => Err(judged(&error)),
        }
    }

    async fn message(
        &self,
        mail: &MailToSend,
        list: &CouponList,
        news: &News,
        recipient: &Address,
    ) -> Result<Vec<u8>, MailError> {
        let (attachment, link) = match news {
            News::Report(report) if report.status == ReportStatus::Ready => {
                self.enclosed(list, report).await?
            }
            _ => (None, None),
        };
        let letter = Letter::new(list, news, &self.zone, link);
        let unprintable = |_| MailError::Never("its text cannot be made");
        let words = MultiPart::alternative_plain_html(
            letter.plain().map_err(unprintable)?,
            letter.html().map_err(unprintable)?,
        );
        let body = match attachment {
            Some(attachment) => MultiPart::mixed().multipart(words).singlepart(attachment),
            None => words,
        };
        let message = Message::builder()
            .from(self.relay.from.clone())
            .to(Mailbox::new(None, recipient.clone()))
            .raw_header(subject(&letter.subject))
            .message_id(Some(format!(
                "<{}@{}>",
                mail.message_id(list.public_id),
                self.relay.from.email.domain()
            )))
            // So that no holiday notice answers it (RFC 3834).
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .multipart(body)
            .map_err(|_| MailError::Never("it has no recipient"))?;
        Ok(message.formatted())
    }

    /// The report as an attachment, or the link to it.
    async fn enclosed(
        &self,
        list: &CouponList,
        report: &UsageReport,
    ) -> Result<(Option<lettre::message::SinglePart>, Option<String>), MailError> {
        if report.gzip_bytes.unwrap_or(i64::MAX) > ATTACHED_BYTES {
            return Ok((None, self.link(report).await?));
        }
        let gzip: Vec<u8> = self
            .storage
            .report_pieces(report)
            .try_fold(Vec::new(), async |mut whole, piece| {
                whole.extend_from_slice(&piece);
                Ok(whole)
            })
            .await?;
        let name = file_name(list, report);
        if report.bytes.unwrap_or(i64::MAX) > PLAIN_BYTES {
            let gzip_type = content_type("application/gzip");
            return Ok((
                Some(Attachment::new(format!("{name}.gz")).body(gzip, gzip_type)),
                None,
            ));
        }
        let mut csv = Vec::new();
        MultiGzDecoder::new(&gzip[..])
            .read_to_end(&mut csv)
            .map_err(|_| Error::Fault("a report's pieces cannot be read".to_owned()))?;
        let csv_type = content_type("text/csv; charset=utf-8");
        Ok((Some(Attachment::new(name).body(csv, csv_type)), None))
    }

    async fn link(&self, report: &UsageReport) -> Result<Option<String>, MailError> {
        let Some((_, key)) = self.storage.linked_usage_report(report.public_id).await? else {
            // Not a mail without its report: its job went with it.
            return Err(Error::Fault("a report was deleted before its mail went out".to_owned()).into());
        };
        Ok(Some(self.signed(report, &key)))
    }

    /// The path is what is signed, so that the link is good behind any name the server has.
    fn signed(&self, report: &UsageReport, key: &LinkKey) -> String {
        let path = format!("/v1/usage-report/{}/download", report.public_id);
        let expires = report.expires_at.as_second();
        let signature = key.sign(&path, expires);
        let base = self.public_url.as_str().trim_end_matches('/');
        format!("{base}{path}?expires={expires}&signature={signature}")
    }
}

/// Encoded whole (RFC 2047) where it holds anything but plain ASCII, or what looks encoded already: a reader would decode
/// that, and show what the text does not say.
fn subject(text: &str) -> HeaderValue {
    let name = HeaderName::new_from_ascii_str("Subject");
    if text.is_ascii() && !text.contains("=?") {
        return HeaderValue::new(name, text.to_owned());
    }
    // An encoded word has 75 characters at most, and none ends within a character.
    let mut words: Vec<String> = vec![String::new()];
    for c in text.chars() {
        match words.last_mut() {
            Some(word) if word.len() + c.len_utf8() <= 45 => word.push(c),
            _ => words.push(c.into()),
        }
    }
    let encoded: Vec<String> = words
        .iter()
        .map(|word| format!("=?utf-8?b?{}?=", BASE64_STANDARD.encode(word)))
        .collect();
    HeaderValue::dangerous_new_pre_encoded(name, text.to_owned(), encoded.join("\r\n "))
}

/// `usage-report-spring-2026-11-01-2026-11-30.csv`: of the label, what is safe in a file's name.
fn file_name(list: &CouponList, report: &UsageReport) -> String {
    let label: String = list
        .label
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(60)
        .collect();
    format!(
        "usage-report-{label}-{}-{}.csv",
        report.start_date, report.end_date
    )
}

fn content_type(text: &str) -> ContentType {
    ContentType::parse(text).unwrap_or(ContentType::TEXT_PLAIN)
}

/// What the relay's answer means for the next try. Refusals of an address, a size or a content are final; others, such
/// as a wrong password, are the operator's to mend.
fn judged(error: &SmtpError) -> MailError {
    match error.status().map(u16::from) {
        Some(550 | 551 | 553) => MailError::Never("the relay refuses a recipient"),
        Some(552) => MailError::Never("the relay finds it too large"),
        Some(554) => MailError::Never("the relay refuses it"),
        Some(status) => MailError::Later(format!("answered {status}")),
        None if error.is_timeout() => MailError::Later("does not answer".to_owned()),
        None if error.is_tls() => MailError::Later("cannot be reached by TLS".to_owned()),
        None => MailError::Later("cannot be reached".to_owned()),
    }
}

/// Whether it is this recipient or this mail that the relay refuses, for now or for good: a full mailbox, a greylist.
fn is_about_the_mail(error: &SmtpError) -> bool {
    error
        .status()
        .is_some_and(|status| matches!(u16::from(status), 450..=452 | 550..=554))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_says_what_its_text_says() {
        for text in [
            "Loaded: 5 codes",
            "Évil =?utf-8?q?=E2=80=AE?= name",
            &"ünï ".repeat(50),
        ] {
            let message = Message::builder()
                .from("a@example.com".parse().unwrap())
                .to("b@example.com".parse().unwrap())
                .raw_header(subject(text))
                .body(String::new())
                .unwrap()
                .formatted();
            let head = String::from_utf8(message).unwrap();
            let (_, after) = head.split_once("Subject: ").unwrap();
            let raw = after
                .split("\r\n")
                .take_while(|line| !line.contains(": ") || line.starts_with("Loaded"));
            let lines: Vec<&str> = raw.collect();
            assert!(lines.iter().all(|line| line.len() <= 76), "{lines:?}");
            let decoded: String = if text.is_ascii() && !text.contains("=?") {
                lines[0].to_owned()
            } else {
                let bytes = lines.iter().flat_map(|line| {
                    let word = line
                        .trim()
                        .strip_prefix("=?utf-8?b?")
                        .unwrap()
                        .strip_suffix("?=")
                        .unwrap();
                    BASE64_STANDARD.decode(word).unwrap()
                });
                String::from_utf8(bytes.collect()).unwrap()
            };
            assert_eq!(decoded, text);
        }
    }
}
