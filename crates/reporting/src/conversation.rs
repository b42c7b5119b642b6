//! One conversation with the mail relay: what it takes, and what it says to a mail.

use std::{error::Error as _, io, time::Duration};

use lettre::{
    address::Envelope,
    transport::smtp::{
        Error as SmtpError,
        authentication::DEFAULT_MECHANISMS,
        client::{AsyncSmtpConnection, Tls},
        commands::{Data, Ehlo, Mail, Rcpt},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};
use tokio::time::{error::Elapsed, timeout};

use crate::relay::Relay;

/// For connecting to one of the addresses that the relay's name has.
const CONNECT: Duration = Duration::from_secs(8);
/// For connecting, with all that comes before a mail.
const CALL: Duration = Duration::from_secs(30);
/// For the answer to a command.
const COMMAND: Duration = Duration::from_mins(1);
/// For a mail's text: RFC 5321 gives a server ten minutes to say that it has taken one.
const TEXT: Duration = Duration::from_mins(10);
/// A relay that does not say goodbye is left.
const FAREWELL: Duration = Duration::from_secs(2);

/// A relay that listens.
pub(crate) struct Conversation {
    connection: AsyncSmtpConnection,
    /// The largest mail it takes, in bytes, if it says so (RFC 1870).
    pub(crate) most_bytes: Option<usize>,
}

/// How far a mail has come when it is refused.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Sender,
    Recipient,
    Text,
}

/// Why the relay has not taken a mail. The texts never quote it: its answers name addresses.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It takes none, now.
    Relay(String),
    /// It does not take this one, now.
    NotNow(String),
    /// It never takes this one.
    Never(&'static str),
    TooLarge,
    /// The conversation ended while the mail's text was on its way: some relays end it where a mail is too large.
    BrokenOff(String),
}

impl Relay {
    pub(crate) async fn call(&self) -> Result<Conversation, Refusal> {
        match timeout(CALL, self.connect()).await {
            Ok(Ok(conversation)) => Ok(conversation),
            Ok(Err(error)) => Err(Refusal::Relay(unreached(&error))),
            Err(_) => Err(Refusal::Relay(SILENT.to_owned())),
        }
    }

    /// Greets it, goes over to TLS and signs in as for a mail, and says goodbye.
    ///
    /// # Errors
    /// What is wrong, as the rest of a sentence that begins with the relay.
    pub async fn check(&self) -> Result<(), String> {
        match self.call().await {
            Ok(mut conversation) => {
                _ = timeout(FAREWELL, conversation.connection.quit()).await;
                Ok(())
            }
            Err(Refusal::Relay(why) | Refusal::NotNow(why) | Refusal::BrokenOff(why)) => Err(why),
            Err(Refusal::Never(why)) => Err(why.to_owned()),
            Err(Refusal::TooLarge) => Err("takes no mail".to_owned()),
        }
    }

    async fn connect(&self) -> Result<Conversation, SmtpError> {
        let hello = ClientId::default();
        let from_the_start = match &self.tls {
            Tls::Wrapper(parameters) => Some(parameters.clone()),
            _ => None,
        };
        let server = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(CONNECT), &hello, from_the_start, None).await?;
        match &self.tls {
            Tls::Required(parameters) => connection.starttls(parameters.clone(), &hello).await?,
            Tls::Opportunistic(parameters) if connection.can_starttls() => {
                connection.starttls(parameters.clone(), &hello).await?;
            }
            _ => {}
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        // lettre reads SIZE over. A relay that takes no second greeting goes without.
        let most_bytes = match connection.command(Ehlo::new(hello)).await {
            Ok(offered) => offered.message().find_map(size),
            Err(error) if error.status().is_some() => None,
            Err(error) => return Err(error),
        };
        Ok(Conversation {
            connection,
            most_bytes,
        })
    }
}

impl Conversation {
    /// Hands one mail over, and ends the conversation.
    pub(crate) async fn hand_over(mut self, envelope: &Envelope, mail: &[u8]) -> Result<(), Refusal> {
        let takes = |extension| self.connection.server_info().supports_feature(extension);
        if is_beyond_ascii(envelope) && !takes(Extension::SmtpUtfEight) {
            return Err(Refusal::Never(
                "the relay takes no address with letters beyond ASCII (it lacks SMTPUTF8)",
            ));
        }
        if !mail.is_ascii() && !takes(Extension::EightBitMime) {
            return Err(Refusal::Never(
                "the relay takes no mail with bytes beyond ASCII (it lacks 8BITMIME)",
            ));
        }
        let taken = self.say(envelope, mail).await;
        // What broke, or does not answer, hears no farewell.
        if !matches!(taken, Err(Refusal::BrokenOff(_) | Refusal::Relay(_))) {
            _ = timeout(FAREWELL, self.connection.quit()).await;
        }
        taken
    }

    async fn say(&mut self, envelope: &Envelope, mail: &[u8]) -> Result<(), Refusal> {
        let mut parameters = Vec::new();
        if is_beyond_ascii(envelope) {
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !mail.is_ascii() {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        if self.most_bytes.is_some() {
            parameters.push(MailParameter::Size(mail.len()));
        }
        let sender = Mail::new(envelope.from().cloned(), parameters);
        answered(
            Step::Sender,
            timeout(COMMAND, self.connection.command(sender)).await,
        )?;
        for recipient in envelope.to() {
            let recipient = Rcpt::new(recipient.clone(), Vec::new());
            answered(
                Step::Recipient,
                timeout(COMMAND, self.connection.command(recipient)).await,
            )?;
        }
        answered(Step::Text, timeout(COMMAND, self.connection.command(Data)).await)?;
        answered(Step::Text, timeout(TEXT, self.connection.message(mail)).await)
    }
}

fn is_beyond_ascii(envelope: &Envelope) -> bool {
    let mut people = envelope.to().iter().chain(envelope.from());
    people.any(|address| !AsRef::<str>::as_ref(address).is_ascii())
}

fn answered<T>(step: Step, answer: Result<Result<T, SmtpError>, Elapsed>) -> Result<(), Refusal> {
    match answer {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(judged(step, &error)),
        Err(_) => Err(Refusal::Relay(SILENT.to_owned())),
    }
}

const SILENT: &str = "does not answer";

/// `SIZE 10240000`; 0 and a bare `SIZE` are no limit.
fn size(line: &str) -> Option<usize> {
    let mut words = line.split_ascii_whitespace();
    let is_size = words.next()?.eq_ignore_ascii_case("SIZE");
    let bytes = words.next()?.parse().ok()?;
    (is_size && bytes > 0).then_some(bytes)
}

/// What the relay's answer means for the next try. Refusals of a recipient, a size or a content are final; others, such as
/// of the sender or of a password, are the operator's to mend.
fn judged(step: Step, error: &SmtpError) -> Refusal {
    let Some(status) = error.status().map(u16::from) else {
        return match step {
            Step::Text => Refusal::BrokenOff(unreached(error)),
            Step::Sender | Step::Recipient => Refusal::Relay(unreached(error)),
        };
    };
    // RFC 3463: a message that is too big, whatever the status before it.
    let is_too_large = status == 523
        || status == 552
        || error
            .to_string()
            .split_ascii_whitespace()
            .any(|word| word == "5.3.4");
    match (step, status) {
        _ if is_too_large => Refusal::TooLarge,
        (Step::Sender, _) => Refusal::Relay(format!("does not take the sender's address ({status})")),
        (Step::Recipient, 550 | 551 | 553 | 554) => Refusal::Never("the relay refuses the recipient"),
        (Step::Text, 550 | 551 | 553 | 554) => Refusal::Never("the relay refuses it"),
        // A full mailbox, a greylist.
        (_, 450..=452) => Refusal::NotNow(format!("answered {status}")),
        _ => Refusal::Relay(format!("answered {status}")),
    }
}

/// What is wrong with the relay's certificate, if that is what the conversation ended for: lettre calls it a connection
/// error.
fn distrust(error: &SmtpError) -> Option<String> {
    let mut cause = error.source();
    while let Some(error) = cause {
        let within = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(rustls::Error::InvalidCertificate(why)) = within.and_then(|within| within.downcast_ref())
        {
            use rustls::CertificateError as Why;
            return Some(match why {
                Why::UnknownIssuer => "has a certificate of an issuer that is not trusted here".to_owned(),
                Why::Expired | Why::ExpiredContext { .. } => "has a certificate that has expired".to_owned(),
                Why::NotValidForName | Why::NotValidForNameContext { .. } => {
                    "has a certificate for another host name".to_owned()
                }
                other => format!("has a certificate that is not accepted: {other:?}"),
            });
        }
        cause = error.source();
    }
    None
}

fn unreached(error: &SmtpError) -> String {
    if let Some(why) = distrust(error) {
        return why;
    }
    match error.status().map(u16::from) {
        Some(status @ (530 | 534 | 535 | 538)) => {
            format!("does not accept the user name and password ({status})")
        }
        Some(status) => format!("answered {status}"),
        None if error.is_timeout() => SILENT.to_owned(),
        None if error.is_tls() => "cannot be spoken to by TLS".to_owned(),
        None if error.is_client() => {
            "does not offer what the settings ask for (TLS, or a way to sign in)".to_owned()
        }
        None => "cannot be reached".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_is_a_limit() {
        for (line, bytes) in [
            ("SIZE 10240000", Some(10_240_000)),
            ("size 5", Some(5)),
            ("SIZE 0", None),
            ("SIZE", None),
            ("SIZEX 5", None),
            ("8BITMIME", None),
            ("SIZE many", None),
        ] {
            assert_eq!(size(line), bytes, "{line}");
        }
    }
}
