//! Sending mails: at least once, with an id that stays over repeats.

use std::{io::Read as _, sync::Arc, time::Instant};

use domain::LinkKey;
use flate2::read::MultiGzDecoder;
use futures_util::TryStreamExt as _;
use jiff::tz::TimeZone;
use lettre::{
    Address,
    address::Envelope,
    message::{Attachment, SinglePart, header::ContentType},
};
use storage::{CouponList, Error, MailToSend, News, ReportStatus, SentAs, Storage, UsageReport};
use tracing::{info, warn};
use url::Url;

use crate::{
    availability::Availability,
    conversation::{Conversation, Refusal},
    letter::Letter,
    message::message,
    metrics::count_mail,
    relay::{Relay, address},
};

/// A CSV up to this size is attached as it is, so that a phone opens it.
const PLAIN_BYTES: usize = 5 * 1024 * 1024;

pub(crate) const NO_ADDRESS: &str = "no mail can go to its recipient's address";

/// Sends mails by the operator's relay.
#[derive(Debug, Clone)]
pub struct Mailer {
    pub(crate) storage: Storage,
    pub(crate) relay: Relay,
    pub(crate) zone: TimeZone,
    public_url: Url,
    /// The largest mail that a report is attached to, in bytes, encoded.
    most_bytes: usize,
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

/// A mail's recipient, and what it tells.
struct Mail<'m> {
    job: &'m MailToSend,
    list: &'m CouponList,
    news: &'m News,
    recipient: Address,
}

/// What became of a mail that may be too large for the relay.
enum HandedOver {
    Taken,
    TooLarge,
}

impl Mailer {
    pub fn new(storage: Storage, relay: Relay, zone: TimeZone, public_url: Url, most_bytes: usize) -> Self {
        Self {
            storage,
            relay,
            zone,
            public_url,
            most_bytes,
            availability: Arc::default(),
        }
    }

    /// Sends the mail to its one recipient, if there still is something to tell, and ends its job.
    pub async fn send(&self, mail: &MailToSend) -> Result<(), MailError> {
        let Some((list, news)) = self.storage.news(mail).await? else {
            self.storage.mail_sent(mail, None).await?;
            return Ok(());
        };
        let sent = self.tell(mail, &list, &news).await;
        count_mail(&sent);
        if let Err(error @ MailError::Never(_)) = &sent {
            // Without the address, which is a person's.
            warn!(coupon_list_id = %list.public_id, %error, "one recipient of a list's mail gets none");
        }
        let sent_as = sent?;
        info!(coupon_list_id = %list.public_id, "mail sent");
        self.storage.mail_sent(mail, sent_as).await?;
        Ok(())
    }

    /// Answers how a report went.
    async fn tell(
        &self,
        job: &MailToSend,
        list: &CouponList,
        news: &News,
    ) -> Result<Option<SentAs>, MailError> {
        let recipient = address(job.to());
        let mail = Mail {
            job,
            list,
            news,
            recipient: recipient.ok_or(MailError::Never(NO_ADDRESS))?,
        };
        let report = match news {
            News::Report(report) if report.status == ReportStatus::Ready => report,
            _ => {
                let message = self.message(&mail, None, None)?;
                self.hand_over(&mail.recipient, &message).await?;
                return Ok(None);
            }
        };
        if let Some(attachment) = self.attachment(list, report).await? {
            let message = self.message(&mail, Some(attachment), None)?;
            match self.hand_over_unless_too_large(&mail, &message).await? {
                HandedOver::Taken => return Ok(Some(SentAs::Attachment)),
                HandedOver::TooLarge => {
                    info!(coupon_list_id = %list.public_id, "a report is too large for the relay: it goes as a link");
                }
            }
        }
        let message = self.message(&mail, None, Some(self.link(report).await?))?;
        self.hand_over(&mail.recipient, &message).await?;
        Ok(Some(SentAs::Link))
    }

    async fn hand_over_unless_too_large(
        &self,
        mail: &Mail<'_>,
        message: &[u8],
    ) -> Result<HandedOver, MailError> {
        let began = Instant::now();
        let relay = self.call(began).await?;
        if relay.most_bytes.is_some_and(|most| message.len() > most) || message.len() > self.most_bytes {
            return Ok(HandedOver::TooLarge);
        }
        match relay.hand_over(&self.envelope(&mail.recipient)?, message).await {
            Err(Refusal::TooLarge | Refusal::BrokenOff(_)) => Ok(HandedOver::TooLarge),
            answered => self.note(began, answered).map(|()| HandedOver::Taken),
        }
    }

    pub(crate) async fn hand_over(&self, recipient: &Address, message: &[u8]) -> Result<(), MailError> {
        let began = Instant::now();
        let relay = self.call(began).await?;
        let answered = relay.hand_over(&self.envelope(recipient)?, message).await;
        self.note(began, answered)
    }

    async fn call(&self, began: Instant) -> Result<Conversation, MailError> {
        match self.relay.call().await {
            Ok(conversation) => Ok(conversation),
            Err(refusal) => self.note(began, Err(refusal)),
        }
    }

    /// Notes whether the relay takes mails at all.
    fn note<T>(&self, began: Instant, answered: Result<T, Refusal>) -> Result<T, MailError> {
        let is_about_all = matches!(answered, Err(Refusal::Relay(_) | Refusal::BrokenOff(_)));
        let answered = answered.map_err(MailError::from);
        self.availability
            .note(began, answered.as_ref().err().filter(|_| is_about_all));
        answered
    }

    pub(crate) fn envelope(&self, recipient: &Address) -> Result<Envelope, MailError> {
        let sender = self.relay.from.email.clone();
        Envelope::new(Some(sender), vec![recipient.clone()])
            .map_err(|_| MailError::Never("it has no recipient"))
    }

    fn message(
        &self,
        mail: &Mail<'_>,
        attachment: Option<SinglePart>,
        link: Option<String>,
    ) -> Result<Vec<u8>, MailError> {
        let letter = Letter::new(mail.list, mail.news, &self.zone, link);
        let id = mail.job.message_id(mail.list.public_id);
        message(
            &self.relay.from,
            &self.envelope(&mail.recipient)?,
            &id,
            &letter,
            attachment,
        )
    }

    /// The report as an attachment; `None` if the mail would be too large with it, which is not tried in vain.
    async fn attachment(
        &self,
        list: &CouponList,
        report: &UsageReport,
    ) -> Result<Option<SinglePart>, MailError> {
        let bytes = |stored: Option<i64>| stored.and_then(|bytes| usize::try_from(bytes).ok());
        let fits = |bytes: &usize| encoded(*bytes) <= self.most_bytes;
        let plain = bytes(report.bytes)
            .filter(|bytes| *bytes <= PLAIN_BYTES)
            .filter(fits);
        if plain.is_none() && bytes(report.gzip_bytes).is_none_or(|bytes| !fits(&bytes)) {
            return Ok(None);
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
        if plain.is_none() {
            let gzip_type = content_type("application/gzip");
            return Ok(Some(Attachment::new(format!("{name}.gz")).body(gzip, gzip_type)));
        }
        let mut csv = Vec::new();
        MultiGzDecoder::new(&gzip[..])
            .read_to_end(&mut csv)
            .map_err(|_| Error::Fault("a report's pieces cannot be read".to_owned()))?;
        let csv_type = content_type("text/csv; charset=utf-8");
        Ok(Some(Attachment::new(name).body(csv, csv_type)))
    }

    async fn link(&self, report: &UsageReport) -> Result<String, MailError> {
        let Some((_, key)) = self.storage.linked_usage_report(report.public_id).await? else {
            // Not a mail without its report: its job went with it.
            return Err(Error::Fault("a report was deleted before its mail went out".to_owned()).into());
        };
        Ok(self.signed(report, &key))
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

impl From<Refusal> for MailError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Relay(why) | Refusal::NotNow(why) | Refusal::BrokenOff(why) => Self::Later(why),
            Refusal::Never(why) => Self::Never(why),
            Refusal::TooLarge => {
                Self::Never("the relay finds it too large, or the recipient's mailbox is full")
            }
        }
    }
}

/// What so many bytes come to as Base64 in lines of 76 characters, with the mail's words.
const fn encoded(bytes: usize) -> usize {
    bytes.div_ceil(57) * 78 + 16 * 1024
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
