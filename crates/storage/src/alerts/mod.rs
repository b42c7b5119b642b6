//! What a list tells its people: what is watched, and the mails on their way.

pub(crate) mod mails;
mod watch;

pub use self::mails::{MailToSend, News, SentAs};
