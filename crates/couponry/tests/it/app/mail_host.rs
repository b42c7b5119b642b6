//! A real SMTP server, which can refuse and be away.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use mailparse::{MailHeaderMap as _, ParsedMail};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream},
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};

use super::{
    backstage,
    server::Environment,
    test_tls::{Duplex, TestTls},
    wait_for,
};

/// What the host says it can do, and does.
#[derive(Clone, Default)]
pub(crate) struct Offers {
    pub(crate) eight_bits: bool,
    pub(crate) utf8_addresses: bool,
    pub(crate) largest: Option<Largest>,
    /// STARTTLS, with this certificate.
    pub(crate) tls: Option<TestTls>,
}

/// The largest mail the host takes, in bytes, and how it says so.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Largest {
    /// By `SIZE`; a larger one that comes all the same is refused.
    Announced(usize),
    /// By 552, when it has come.
    Answered(usize),
    /// By hanging up in the middle.
    BrokenOff(usize),
}

/// Much as a common relay.
fn usual() -> Offers {
    Offers {
        eight_bits: true,
        ..Offers::default()
    }
}

/// Takes mails until it is dropped.
pub(crate) struct MailHost {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    accepting: AbortHandle,
}

#[derive(Default)]
struct Shared {
    mails: Vec<Mail>,
    refused: HashMap<String, &'static str>,
    /// How often each address was named to the host.
    named: HashMap<String, usize>,
    offers: Offers,
    /// Mails that were refused or cut off for their size.
    too_large: usize,
    is_away: bool,
    callers_while_away: usize,
}

/// A mail as it came over the wire.
#[derive(Clone)]
pub(crate) struct Mail {
    pub(crate) to: Vec<String>,
    source: Vec<u8>,
}

impl MailHost {
    pub(crate) async fn start() -> Self {
        Self::offering(usual()).await
    }

    pub(crate) async fn offering(offers: Offers) -> Self {
        let shared = Arc::new(Mutex::new(Shared {
            offers,
            ..Shared::default()
        }));
        let (address, accepting) = backstage::spawn({
            let shared = Arc::clone(&shared);
            async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = listener.local_addr().unwrap();
                (address, backstage::spawn(accept(listener, shared)).abort_handle())
            }
        })
        .await
        .unwrap();
        Self {
            address,
            shared,
            accepting,
        }
    }

    /// Has the server send its mails here.
    pub(crate) fn relay_for(&self, environment: &mut Environment) {
        self.relay_with_login_for(environment, "");
    }

    /// The same with a login `user:password@` for it, which the host takes whatever it is.
    pub(crate) fn relay_with_login_for(&self, environment: &mut Environment, login: &str) {
        let tls = self.shared.lock().unwrap().offers.tls.clone();
        let url = match &tls {
            Some(_) => format!("smtp://{login}localhost:{}?tls=required", self.address.port()),
            None => format!("smtp://{login}{}?tls=none", self.address),
        };
        environment.insert("COUPONRY_SMTP_URL".to_owned(), url);
        if let Some(tls) = tls {
            environment.insert("SSL_CERT_FILE".to_owned(), tls.authority_file());
        }
        environment.insert(
            "COUPONRY_MAIL_FROM".to_owned(),
            "couponry <coupons@example.com>".to_owned(),
        );
    }

    /// Answers this when a mail to this address is announced.
    pub(crate) fn refuse(&self, address: &str, answer: &'static str) {
        let mut shared = self.shared.lock().unwrap();
        shared.refused.insert(address.to_owned(), answer);
    }

    /// How many mails were too large for the host.
    pub(crate) fn too_large(&self) -> usize {
        self.shared.lock().unwrap().too_large
    }

    /// How often a mail to this address was announced, whatever the answer.
    pub(crate) fn times_named(&self, address: &str) -> usize {
        let shared = self.shared.lock().unwrap();
        shared.named.get(address).copied().unwrap_or_default()
    }

    /// Turns every caller away, or takes mails again.
    pub(crate) fn be_away(&self, is_away: bool) {
        self.shared.lock().unwrap().is_away = is_away;
    }

    pub(crate) async fn turned_somebody_away(&self) {
        wait_for("a caller to be turned away", async || {
            (self.shared.lock().unwrap().callers_while_away > 0).then_some(())
        })
        .await;
    }

    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.shared.lock().unwrap().mails.clone()
    }

    /// Waits until so many mails have come in all; the last of them.
    pub(crate) async fn nth(&self, number: usize) -> Mail {
        wait_for(&format!("mail number {number}"), async || {
            self.mails().get(number - 1).cloned()
        })
        .await
    }

    /// Waits for a mail whose subject begins so.
    pub(crate) async fn mail_about(&self, subject: &str) -> Mail {
        wait_for(&format!("a mail about {subject}"), async || {
            self.mails()
                .into_iter()
                .find(|mail| mail.subject().starts_with(subject))
        })
        .await
    }
}

impl Drop for MailHost {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Mail {
    fn parsed(&self) -> ParsedMail<'_> {
        mailparse::parse_mail(&self.source).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.parsed().headers.get_first_value(name)
    }

    /// The names of all headers, as they came.
    pub(crate) fn header_names(&self) -> Vec<String> {
        self.parsed()
            .headers
            .iter()
            .map(mailparse::MailHeader::get_key)
            .collect()
    }

    pub(crate) fn subject(&self) -> String {
        self.header("Subject").unwrap_or_default()
    }

    /// The decoded text of the first part of this type.
    pub(crate) fn text(&self, kind: &str) -> String {
        let parsed = self.parsed();
        let part = parsed.parts().find(|part| part.ctype.mimetype == kind);
        part.unwrap_or_else(|| panic!("no {kind}")).get_body().unwrap()
    }

    /// The name and the decoded bytes of the one attachment.
    pub(crate) fn attachment(&self) -> Option<(String, Vec<u8>)> {
        let parsed = self.parsed();
        let mut attachments = parsed.parts().filter_map(|part| {
            let disposition = part.get_content_disposition();
            let name = disposition.params.get("filename")?.clone();
            Some((name, part.get_body_raw().unwrap()))
        });
        let attachment = attachments.next();
        assert!(attachments.next().is_none(), "more than one attachment");
        attachment
    }
}

async fn accept(listener: TcpListener, shared: Arc<Mutex<Shared>>) {
    while let Ok((connection, _)) = listener.accept().await {
        backstage::spawn(serve(connection, Arc::clone(&shared)));
    }
}

/// RFC 5321, as far as a client that sends mails needs it. A client that goes away in between is no concern of ours.
async fn serve(connection: TcpStream, shared: Arc<Mutex<Shared>>) -> Option<()> {
    let mut connection: Connection = BufStream::new(Box::new(connection));
    let offers = shared.lock().unwrap().offers.clone();
    let mut is_encrypted = false;
    let is_away = {
        let mut shared = shared.lock().unwrap();
        shared.callers_while_away += usize::from(shared.is_away);
        shared.is_away
    };
    if is_away {
        return say(&mut connection, "421 not now").await;
    }
    say(&mut connection, "220 mail.example.com").await?;
    let mut to = Vec::new();
    let mut takes_utf8 = false;
    loop {
        let mut line = String::new();
        if connection.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => say(&mut connection, &offers.told(is_encrypted)).await?,
            "STAR" => {
                let tls = offers.tls.as_ref()?;
                say(&mut connection, "220 go on").await?;
                connection = BufStream::new(Box::new(tls.accept(connection.into_inner()).await?));
                is_encrypted = true;
            }
            "MAIL" | "RSET" => {
                to.clear();
                takes_utf8 = offers.utf8_addresses && line.contains("SMTPUTF8");
                say(&mut connection, "250 yes").await?;
            }
            "RCPT" => {
                let address = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                let is_wrong = !address.is_ascii() && !takes_utf8;
                let refusal = {
                    let mut shared = shared.lock().unwrap();
                    *shared.named.entry(address.clone()).or_default() += 1;
                    let wrong = is_wrong.then_some("553 5.6.7 no such letters");
                    shared.refused.get(&address).copied().or(wrong)
                };
                if refusal.is_none() {
                    to.push(address);
                }
                say(&mut connection, refusal.unwrap_or("250 yes")).await?;
            }
            "DATA" => {
                say(&mut connection, "354 go on").await?;
                let cut_off = match offers.largest {
                    Some(Largest::BrokenOff(most)) => most,
                    _ => usize::MAX,
                };
                let Some(source) = read_data(&mut connection, cut_off).await else {
                    shared.lock().unwrap().too_large += 1;
                    return None;
                };
                if let Some(Largest::Announced(most) | Largest::Answered(most)) = offers.largest
                    && source.len() > most
                {
                    shared.lock().unwrap().too_large += 1;
                    say(&mut connection, "552 5.3.4 too big").await?;
                    continue;
                }
                if !offers.eight_bits && !source.is_ascii() {
                    say(&mut connection, "554 5.6.1 seven bits").await?;
                    continue;
                }
                let mail = Mail {
                    to: std::mem::take(&mut to),
                    source,
                };
                shared.lock().unwrap().mails.push(mail);
                say(&mut connection, "250 taken").await?;
            }
            "AUTH" => say(&mut connection, "235 known").await?,
            "QUIT" => return say(&mut connection, "221 bye").await,
            _ => say(&mut connection, "502 what?").await?,
        }
    }
}

impl Offers {
    fn told(&self, is_encrypted: bool) -> String {
        let size = match self.largest {
            Some(Largest::Announced(most)) => format!("SIZE {most}"),
            _ => String::new(),
        };
        let lines = [
            ("AUTH PLAIN", true),
            ("8BITMIME", self.eight_bits),
            ("SMTPUTF8", self.utf8_addresses),
            ("STARTTLS", self.tls.is_some() && !is_encrypted),
            (&*size, !size.is_empty()),
        ];
        let offered = lines.iter().filter(|(_, is_offered)| *is_offered);
        let lines: Vec<&str> = offered.map(|(line, _)| *line).collect();
        format!(
            "250-mail.example.com\r\n250-{}\r\n250 HELP",
            lines.join("\r\n250-")
        )
    }
}

/// Plain or encrypted.
type Connection = BufStream<Box<dyn Duplex>>;

async fn say(connection: &mut Connection, line: &str) -> Option<()> {
    connection
        .write_all(format!("{line}\r\n").as_bytes())
        .await
        .ok()?;
    connection.flush().await.ok()
}

/// Up to the line with a single dot; lines that begin with a dot come with one more. Nothing if it is longer than that.
async fn read_data(connection: &mut Connection, cut_off: usize) -> Option<Vec<u8>> {
    let mut data = Vec::new();
    while !data.ends_with(b"\r\n.\r\n") {
        if data.len() > cut_off {
            return None;
        }
        data.push(connection.read_u8().await.ok()?);
    }
    data.truncate(data.len() - 3);
    let mut lines: Vec<&[u8]> = data.split_inclusive(|byte| *byte == b'\n').collect();
    for line in &mut lines {
        *line = line.strip_prefix(b".").unwrap_or(line);
    }
    Some(lines.concat())
}
