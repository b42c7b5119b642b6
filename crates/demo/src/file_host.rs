//! The marketing team's web server, on the loopback.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// Serves until it is dropped.
#[derive(Debug)]
pub struct FileHost {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl FileHost {
    /// `send` writes the file of this name, after [`begin`]. A client that goes away half-way is its own affair.
    pub async fn start<S, F>(send: S) -> io::Result<Self>
    where
        S: Fn(String, TcpStream) -> F + Clone + Send + 'static,
        F: Future<Output = io::Result<()>> + Send,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let send = send.clone();
                tokio::spawn(async move {
                    let name = read_head(&mut stream).await?;
                    send(name, stream).await
                });
            }
        });
        Ok(Self { address, accepting })
    }

    pub fn url(&self, name: &str) -> String {
        format!("http://{}/{name}", self.address)
    }
}

impl Drop for FileHost {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Of which file somebody asks for, the name.
async fn read_head(stream: &mut TcpStream) -> io::Result<String> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next_line().await?.unwrap_or_default();
    while lines.next_line().await?.is_some_and(|line| !line.is_empty()) {}
    let path = first.split(' ').nth(1).unwrap_or_default();
    Ok(path.trim_start_matches('/').to_owned())
}

/// The head of an answer that so many bytes follow.
pub async fn begin(stream: &mut TcpStream, bytes: u64) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: {bytes}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await
}
