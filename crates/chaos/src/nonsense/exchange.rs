//! A request and whatever is answered, on a connection of its own.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// How long an answer is waited for: far longer than any may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came of a request.
#[derive(Debug)]
pub struct Reply {
    pub answer: Vec<u8>,
    /// Until the last byte of it came or, where none did, the connection was closed.
    pub took: Duration,
    /// Whether the server closed the connection.
    pub has_ended: bool,
}

/// Writes these bytes and no more, and reads whatever comes until the server closes the connection.
///
/// # Errors
/// If there is nobody to connect to.
pub async fn exchange(server: SocketAddr, request: &[u8]) -> io::Result<Reply> {
    let began = Instant::now();
    let connection = TcpStream::connect(server).await?;
    let (mut from, mut to) = connection.into_split();
    let write = async {
        // A server that refuses early may close while we still write.
        if to.write_all(request).await.is_ok() {
            to.shutdown().await.ok();
        }
    };
    let (mut answer, mut answered) = (Vec::new(), None);
    let read = async {
        while let Ok(1..) = from.read_buf(&mut answer).await {
            answered = Some(began.elapsed());
        }
    };
    let both = async { tokio::join!(write, read) };
    let has_ended = timeout(PATIENCE, both).await.is_ok();
    Ok(Reply {
        answer,
        took: answered.unwrap_or_else(|| began.elapsed()),
        has_ended,
    })
}

impl Reply {
    /// The status of the first answer, if one came.
    pub fn status(&self) -> Option<u16> {
        std::str::from_utf8(self.answer.get(9..12)?).ok()?.parse().ok()
    }

    /// Why no server should answer so, if it should not: our failure, or none within this time.
    pub fn violation(&self, within: Duration) -> Option<String> {
        let has = |text: &[u8]| self.answer.windows(text.len()).any(|part| part == text);
        let failures: [&[u8]; 4] = [
            b"HTTP/1.1 5",
            b"HTTP/1.0 5",
            // In a line of an answer that had begun.
            b"\"code\":\"unexpected-error\"",
            b"\"code\":\"service-unavailable\"",
        ];
        if failures.into_iter().any(has) {
            let answer = String::from_utf8_lossy(&self.answer);
            return Some(format!("it was answered {answer:.300}"));
        }
        (!self.has_ended || self.took > within)
            .then(|| format!("the connection was open for {:?}", self.took))
    }
}
