//! A web server for the files of a directory: what a marketing team has somewhere.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use tokio::{
    fs::File,
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, copy_buf},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// Serves until it is dropped.
#[derive(Debug)]
pub(crate) struct FileHost {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl FileHost {
    pub(crate) async fn start(directory: PathBuf) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let directory = directory.clone();
                tokio::spawn(async move { answer(stream, &directory).await });
            }
        });
        Ok(Self { address, accepting })
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("http://{}/{name}", self.address)
    }
}

impl Drop for FileHost {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Only our own server asks, and only for what is there.
async fn answer(mut stream: TcpStream, directory: &Path) -> io::Result<()> {
    let (request, mut response) = stream.split();
    let mut lines = BufReader::new(request).lines();
    let first = lines.next_line().await?.unwrap_or_default();
    while lines.next_line().await?.is_some_and(|line| !line.is_empty()) {}
    let name = first
        .split(' ')
        .nth(1)
        .unwrap_or_default()
        .trim_start_matches('/');
    let file = File::open(directory.join(name)).await?;
    let bytes = file.metadata().await?.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: {bytes}\r\nConnection: close\r\n\r\n"
    );
    response.write_all(head.as_bytes()).await?;
    copy_buf(&mut BufReader::with_capacity(1 << 18, file), &mut response).await?;
    response.shutdown().await
}
