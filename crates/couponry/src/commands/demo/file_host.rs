//! The marketing team's web server: hands out one coupon file on the loopback.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::codes::CodeFile;

/// Serves until it is dropped.
#[derive(Debug)]
pub(super) struct FileHost {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl FileHost {
    pub(super) async fn start(file: CodeFile) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, file));
            }
        });
        Ok(Self { address, accepting })
    }

    pub(super) fn url(&self, name: &str) -> String {
        format!("http://{}/{name}", self.address)
    }
}

impl Drop for FileHost {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Any request gets the file; a client that goes away half-way is its own affair.
async fn answer(mut stream: TcpStream, file: CodeFile) -> std::io::Result<()> {
    let (request, mut response) = stream.split();
    let mut lines = BufReader::new(request).lines();
    while lines.next_line().await?.is_some_and(|line| !line.is_empty()) {}
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        file.bytes()
    );
    response.write_all(head.as_bytes()).await?;
    for chunk in file.chunks() {
        response.write_all(&chunk).await?;
    }
    response.shutdown().await
}
