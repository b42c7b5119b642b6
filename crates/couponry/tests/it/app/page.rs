//! What a host answers at one path, well or badly.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::watch,
};

use super::{Credentials, in_time};

/// From one byte of a dripping host to the next.
const DRIP: Duration = Duration::from_millis(100);

#[derive(Clone)]
pub(crate) enum Page {
    /// A file, whole.
    File(Vec<u8>),
    /// A file, for those who know the password.
    Behind(Credentials, Vec<u8>),
    /// The first half of a file; the second when the gate opens.
    AtAGate(Vec<u8>, Gate),
    /// The first half of a file; then the connection ends in good order.
    Cut(Vec<u8>),
    /// The first half of a file; then the connection is torn down.
    Reset(Vec<u8>),
    /// A file byte by byte: nothing may depend on how bytes come together.
    Dribble(Vec<u8>),
    /// A beginning, and then this again and again.
    Endless(Vec<u8>, Vec<u8>),
    /// Exactly these bytes, head and all.
    Bytes(Vec<u8>),
    /// These bytes, head and all or none, and then nothing until the other side goes away.
    Stall(Vec<u8>),
    /// A head, and then a byte now and then until the other side goes away.
    Drip,
    /// The first of these once, then the next; the last for ever.
    InTurn(Arc<Mutex<VecDeque<Self>>>),
}

impl Page {
    /// An empty answer with this status.
    pub(crate) fn status(status: u16) -> Self {
        Self::Bytes(
            format!("HTTP/1.1 {status} Said So\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").into(),
        )
    }

    pub(crate) fn redirect(to: &str) -> Self {
        Self::Bytes(
            format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                .into(),
        )
    }

    /// A file with these headers instead of the right ones.
    pub(crate) fn with_headers(headers: &str, body: &[u8]) -> Self {
        let mut bytes = format!("HTTP/1.1 200 OK\r\n{headers}\r\nConnection: close\r\n\r\n").into_bytes();
        bytes.extend_from_slice(body);
        Self::Bytes(bytes)
    }

    pub(crate) fn in_turn<const N: usize>(pages: [Self; N]) -> Self {
        Self::InTurn(Arc::new(Mutex::new(pages.into())))
    }

    /// Answers. Whether the other side still listens is not the host's concern, hence `Option` and `ok()?`.
    pub(super) async fn send(self, mut to: TcpStream, authorization: Option<&str>) -> Option<()> {
        match self {
            Self::File(bytes) => {
                to.write_all(&head_for(bytes.len())).await.ok()?;
                to.write_all(&bytes).await.ok()?;
            }
            Self::Behind(credentials, bytes) => {
                let known = authorization == Some(credentials.basic().as_str());
                let page = if known {
                    Self::File(bytes)
                } else {
                    Self::status(401)
                };
                return Box::pin(page.send(to, None)).await;
            }
            Self::AtAGate(bytes, gate) => {
                let second = send_first_half(&mut to, &bytes).await?;
                gate.pass().await;
                to.write_all(second).await.ok()?;
            }
            Self::Cut(bytes) => {
                send_first_half(&mut to, &bytes).await?;
            }
            Self::Reset(bytes) => {
                send_first_half(&mut to, &bytes).await?;
                // Closing with time to linger set to none sends RST instead of FIN.
                to.set_zero_linger().ok()?;
                return Some(());
            }
            Self::Dribble(bytes) => {
                to.set_nodelay(true).ok()?;
                to.write_all(&head_for(bytes.len())).await.ok()?;
                for byte in bytes {
                    to.write_u8(byte).await.ok()?;
                }
            }
            Self::Endless(first, piece) => {
                to.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
                    .await
                    .ok()?;
                to.write_all(&first).await.ok()?;
                loop {
                    to.write_all(&piece).await.ok()?;
                }
            }
            Self::Bytes(bytes) => to.write_all(&bytes).await.ok()?,
            Self::Stall(bytes) => {
                to.write_all(&bytes).await.ok()?;
                to.read_u8().await.ok()?;
            }
            Self::Drip => {
                to.set_nodelay(true).ok()?;
                to.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
                    .await
                    .ok()?;
                let mut now_and_then = tokio::time::interval(DRIP);
                loop {
                    now_and_then.tick().await;
                    to.write_u8(b'x').await.ok()?;
                }
            }
            Self::InTurn(pages) => {
                let page = next_of(&pages)?;
                return Box::pin(page.send(to, authorization)).await;
            }
        }
        to.shutdown().await.ok()
    }
}

fn next_of(pages: &Mutex<VecDeque<Page>>) -> Option<Page> {
    let mut pages = pages.lock().unwrap();
    if pages.len() > 1 {
        pages.pop_front()
    } else {
        pages.front().cloned()
    }
}

fn head_for(length: usize) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )
    .into()
}

/// Announces the whole and sends half of it; the other half.
async fn send_first_half<'a>(to: &mut TcpStream, bytes: &'a [u8]) -> Option<&'a [u8]> {
    let (first, second) = bytes.split_at(bytes.len() / 2);
    to.write_all(&head_for(bytes.len())).await.ok()?;
    to.write_all(first).await.ok()?;
    to.flush().await.ok()?;
    Some(second)
}

/// Holds downloads up until the test lets them go on.
#[derive(Clone)]
pub(crate) struct Gate {
    waiting: watch::Sender<usize>,
    open: watch::Sender<bool>,
}

impl Gate {
    pub(super) fn closed() -> Self {
        Self {
            waiting: watch::Sender::new(0),
            open: watch::Sender::new(false),
        }
    }

    /// Waits until this many downloads have come to the gate since the beginning.
    pub(crate) async fn reached_by(&self, number: usize) {
        let mut waiting = self.waiting.subscribe();
        let came = in_time("a download to reach the gate", waiting.wait_for(|n| *n >= number)).await;
        came.unwrap();
    }

    /// Lets all go on, for ever.
    pub(crate) fn open(&self) {
        self.open.send_replace(true);
    }

    async fn pass(&self) {
        self.waiting.send_modify(|n| *n += 1);
        let mut open = self.open.subscribe();
        // The sender lives as long as this gate, so the wait ends only by opening.
        open.wait_for(|open| *open).await.ok();
    }
}
