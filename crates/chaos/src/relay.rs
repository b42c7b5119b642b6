//! A mail relay, as far as a sender needs one.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::ensure;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufStream},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep},
};

/// How long a relay that is slow thinks about a mail that it has.
const THINKS: Duration = Duration::from_secs(1);
/// How long a mail may take to come.
const PATIENCE: Duration = Duration::from_mins(3);
const POLL: Duration = Duration::from_millis(5);

/// What it says to those who come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Willing,
    /// Mails are taken, and that is said some time later.
    Slow,
    /// 421 instead of a greeting.
    Closed,
    /// 451 to each mail.
    Busy,
}

/// A mail that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mail {
    pub(crate) to: String,
    /// Its `Message-ID`.
    pub(crate) id: String,
}

/// Takes mails until it is dropped.
#[derive(Debug)]
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    mood: watch::Sender<Mood>,
    mails: Arc<Mutex<Vec<Mail>>>,
    accepting: JoinHandle<()>,
}

impl Relay {
    pub(crate) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (mood, moods) = watch::channel(Mood::Willing);
        let mails = Arc::<Mutex<Vec<Mail>>>::default();
        let taken = mails.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (taken, moods) = (taken.clone(), moods.clone());
                tokio::spawn(async move { converse(stream, &taken, &moods).await });
            }
        });
        Ok(Self {
            address,
            mood,
            mails,
            accepting,
        })
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    /// The mails to this address, repeats among them.
    pub(crate) fn mails(&self, to: &str) -> Vec<Mail> {
        let mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        mails.iter().filter(|mail| mail.to == to).cloned().collect()
    }

    /// Waits until so many different mails have come to this address.
    pub(crate) async fn until(&self, to: &str, different: usize) -> anyhow::Result<()> {
        let began = Instant::now();
        loop {
            let mut ids: Vec<String> = self.mails(to).into_iter().map(|mail| mail.id).collect();
            ids.sort_unstable();
            ids.dedup();
            if ids.len() >= different {
                return Ok(());
            }
            ensure!(began.elapsed() < PATIENCE, "a mail to {to} does not come");
            sleep(POLL).await;
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// A sender that goes away meanwhile is its own affair.
async fn converse(
    stream: TcpStream,
    taken: &Mutex<Vec<Mail>>,
    moods: &watch::Receiver<Mood>,
) -> io::Result<()> {
    let mut stream = BufStream::new(stream);
    if *moods.borrow() == Mood::Closed {
        return say(&mut stream, "421 not now").await;
    }
    say(&mut stream, "220 relay.example.com").await?;
    let (mut line, mut to) = (String::new(), String::new());
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => say(&mut stream, "250-relay.example.com\r\n250 8BITMIME").await?,
            "RCPT" => {
                line.split(['<', '>'])
                    .nth(1)
                    .unwrap_or_default()
                    .clone_into(&mut to);
                say(&mut stream, "250 yes").await?;
            }
            "DATA" => {
                say(&mut stream, "354 go on").await?;
                let id = read_mail(&mut stream).await?;
                let mood = *moods.borrow();
                if mood == Mood::Busy {
                    say(&mut stream, "451 not now").await?;
                    continue;
                }
                let mail = Mail { to: to.clone(), id };
                taken.lock().unwrap_or_else(PoisonError::into_inner).push(mail);
                if mood == Mood::Slow {
                    sleep(THINKS).await;
                }
                say(&mut stream, "250 taken").await?;
            }
            "QUIT" => return say(&mut stream, "221 bye").await,
            _ => say(&mut stream, "250 yes").await?,
        }
    }
}

async fn say(stream: &mut BufStream<TcpStream>, line: &str) -> io::Result<()> {
    stream.write_all(format!("{line}\r\n").as_bytes()).await?;
    stream.flush().await
}

/// Reads a mail to its end; its `Message-ID`.
async fn read_mail(stream: &mut BufStream<TcpStream>) -> io::Result<String> {
    let (mut line, mut id) = (Vec::new(), String::new());
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let text = String::from_utf8_lossy(&line);
        if text.trim_end() == "." {
            return Ok(id);
        }
        if let Some((name, value)) = text.split_once(':')
            && name.eq_ignore_ascii_case("message-id")
        {
            value.trim().clone_into(&mut id);
        }
    }
}
