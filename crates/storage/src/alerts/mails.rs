//! Mails on their way: what they tell and to whom was settled when they were enqueued.

use domain::PublicId;
use serde::Deserialize;

use crate::{Claim, CouponFile, CouponList, Result, Storage, UsageReport};

/// A mail whose sending the caller has claimed.
#[derive(Debug, Clone)]
pub struct MailToSend {
    pub claim: Claim,
    list_id: i64,
    occasion: Occasion,
    to: Recipient,
}

/// An address, which stays out of logs.
#[derive(Clone, Deserialize)]
struct Recipient(String);

impl std::fmt::Debug for Recipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a recipient")
    }
}

/// As the job keeps it.
#[derive(Deserialize)]
pub(crate) struct MailPayload {
    #[serde(flatten)]
    occasion: Occasion,
    to: Recipient,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(tag = "mail", rename_all = "snake_case")]
enum Occasion {
    FileLoaded { file_id: i64 },
    FileFailed { file_id: i64 },
    Shortage { available: i64, threshold: i64 },
    Expiry { days_left: i32 },
    Report { report_id: i64 },
}

/// What a mail is about, with what there is to say of it now.
#[derive(Debug, Clone)]
pub enum News {
    FileLoaded(CouponFile),
    FileFailed(CouponFile),
    Shortage { available: i64, threshold: i64 },
    Expiry { days_left: i32 },
    Report(UsageReport),
}

/// How a report goes by mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SentAs {
    Attachment,
    Link,
}

impl SentAs {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Attachment => "ATTACHMENT",
            Self::Link => "LINK",
        }
    }
}

impl MailToSend {
    pub(crate) fn new(claim: Claim, list_id: i64, payload: MailPayload) -> Self {
        Self {
            claim,
            list_id,
            occasion: payload.occasion,
            to: payload.to,
        }
    }

    /// The one recipient; each has a mail, and so a job, of their own.
    pub fn to(&self) -> &str {
        &self.to.0
    }

    /// The same in every try, and another for every other mail of any installation.
    pub fn message_id(&self, list: PublicId) -> String {
        format!("{}.{list}", self.claim.job_id)
    }
}

impl Storage {
    /// What the mail has to tell; `None` if that no longer exists.
    pub async fn news(&self, mail: &MailToSend) -> Result<Option<(CouponList, News)>> {
        let list = self.list_by_id(mail.list_id).await?;
        let news = match mail.occasion {
            Occasion::FileLoaded { file_id } => {
                News::FileLoaded(self.file_by_id(mail.list_id, file_id).await?)
            }
            Occasion::FileFailed { file_id } => {
                News::FileFailed(self.file_by_id(mail.list_id, file_id).await?)
            }
            Occasion::Shortage { available, threshold } => News::Shortage { available, threshold },
            Occasion::Expiry { days_left } => News::Expiry { days_left },
            Occasion::Report { report_id } => match self.usage_report_by_id(mail.list_id, report_id).await? {
                Some(report) => News::Report(report),
                None => return Ok(None),
            },
        };
        Ok(Some((list, news)))
    }

    /// Notes that the relay has taken the mail, a report's with how the report went, and ends its job; false if somebody
    /// else has it by now.
    pub async fn mail_sent(&self, mail: &MailToSend, sent_as: Option<SentAs>) -> Result<bool> {
        let ended = sqlx::query_scalar!(
            r#"select end_mail($1, $2, $3, $4) as "ended!""#,
            mail.claim.job_id,
            mail.claim.attempt,
            mail.claim.owner,
            sent_as.map(SentAs::as_str),
        );
        Ok(ended.fetch_one(&self.pool).await?)
    }
}
