//! One conversation with the mail relay: what it takes, and what it says to a mail.

use std::{error::Error as _, io, time::Duration};

use lettre::{
    address::Envelope,
    transport::smtp::{
        Error as SmtpError,
        authentication::DEFAULT_MECHANISMS,
        client::{AsyncSmtpConnection, Tls},
        commands::Ehlo,
        extension::{ClientId, Extension},
    },
};
use tokio::time::timeout;

use crate::relay::Relay;

/// For connecting, with all that comes before a mail.
const CALL: Duration = Duration::from_secs(30);
/// For a mail: RFC 5321 gives a server ten minutes to say that it has taken one.
const MAIL: Duration = Duration::from_mins(10);
/// A relay that does not say goodbye is left.
const FAREWELL: Duration = Duration::from_secs(2);

/// A relay that listens.
pub(crate) struct Conversation {
    connection: AsyncSmtpConnection,
    /// The largest mail it takes, in bytes, if it says so (RFC 1870).
    pub(crate) most_bytes: Option<usize>,
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
    /// The conversation ended while the mail was on its way: some relays end it where a mail is too large.
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

    async fn connect(&self) -> Result<Conversation, SmtpError> {
        let hello = ClientId::default();
        let from_the_start = match &self.tls {
            Tls::Wrapper(parameters) => Some(parameters.clone()),
            _ => None,
        };
        let server = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(CALL), &hello, from_the_start, None).await?;
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
        // lettre reads SIZE over.
        let offered = connection.command(Ehlo::new(hello)).await?;
        let most_bytes = offered.message().find_map(size);
        Ok(Conversation {
            connection,
            most_bytes,
        })
    }
}

impl Conversation {
    /// Hands one mail over, and ends the conversation.
    pub(crate) async fn hand_over(mut self, envelope: &Envelope, mail: &[u8]) -> Result<(), Refusal> {
        let people = envelope.to().iter().chain(envelope.from());
        let takes = |extension| self.connection.server_info().supports_feature(extension);
        if people
            .clone()
            .any(|address| !AsRef::<str>::as_ref(address).is_ascii())
            && !takes(Extension::SmtpUtfEight)
        {
            return Err(Refusal::Never(
                "the relay takes no address with letters beyond ASCII (it lacks SMTPUTF8)",
            ));
        }
        if !mail.is_ascii() && !takes(Extension::EightBitMime) {
            return Err(Refusal::Never(
                "the relay takes no mail with bytes beyond ASCII (it lacks 8BITMIME)",
            ));
        }
        let handed_over = timeout(MAIL, self.connection.send(envelope, mail)).await;
        let taken = match handed_over {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(judged(&error)),
            Err(_) => Err(Refusal::BrokenOff(SILENT.to_owned())),
        };
        if !self.connection.has_broken() {
            _ = timeout(FAREWELL, self.connection.quit()).await;
        }
        taken
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

/// What the relay's answer means for the next try. Refusals of an address, a size or a content are final; others, such
/// as a wrong password, are the operator's to mend.
fn judged(error: &SmtpError) -> Refusal {
    let Some(status) = error.status().map(u16::from) else {
        return Refusal::BrokenOff(unreached(error));
    };
    match status {
        // RFC 3463: a message that is too big, whatever the status before it.
        552 | 523 => Refusal::TooLarge,
        _ if error.to_string().contains("5.3.4") => Refusal::TooLarge,
        550 | 551 | 553 => Refusal::Never("the relay refuses the recipient"),
        554 => Refusal::Never("the relay refuses it"),
        // A full mailbox, a greylist.
        450..=452 => Refusal::NotNow(format!("answered {status}")),
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
