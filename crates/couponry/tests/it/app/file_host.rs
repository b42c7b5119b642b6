//! A real HTTP host of coupon files, which can misbehave.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::AsyncReadExt as _,
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
};

use super::{Gate, Page, backstage};

/// Serves until it is dropped.
pub(crate) struct FileHost {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

#[derive(Default)]
struct Shared {
    pages: Mutex<HashMap<String, Page>>,
    visits: Mutex<Vec<Visit>>,
}

/// A request that came: its path with the query, and its whole head.
#[derive(Clone)]
pub(crate) struct Visit {
    pub(crate) path: String,
    head: String,
    /// What came after the head.
    pub(crate) body: Vec<u8>,
}

impl Visit {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

impl FileHost {
    pub(crate) async fn start() -> Self {
        Self::start_on("127.0.0.1").await
    }

    /// On another of the machine's own addresses (all of 127.0.0.0/8 are).
    pub(crate) async fn start_on(ip: &str) -> Self {
        let ip = ip.to_owned();
        let shared = Arc::new(Shared::default());
        let (address, accepting) = backstage::spawn({
            let shared = Arc::clone(&shared);
            async move {
                let listener = TcpListener::bind((ip, 0)).await.unwrap();
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

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Has a file; its URL.
    pub(crate) fn serve(&self, path: &str, bytes: impl Into<Vec<u8>>) -> String {
        self.answer(path, Page::File(bytes.into()))
    }

    /// Has a file whose second half waits at a gate; its URL.
    pub(crate) fn serve_at_a_gate(&self, path: &str, bytes: impl Into<Vec<u8>>) -> (String, Gate) {
        let gate = Gate::closed();
        let url = self.answer(path, Page::AtAGate(bytes.into(), gate.clone()));
        (url, gate)
    }

    /// Answers at this path in this way; its URL.
    pub(crate) fn answer(&self, path: &str, page: Page) -> String {
        self.shared.pages.lock().unwrap().insert(path.to_owned(), page);
        self.url(path)
    }

    /// The requests that came for this path, whatever their query.
    pub(crate) fn visits(&self, path: &str) -> Vec<Visit> {
        let visits = self.shared.visits.lock().unwrap();
        let to_path = |visit: &&Visit| without_query(&visit.path) == path;
        visits.iter().filter(to_path).cloned().collect()
    }
}

impl Drop for FileHost {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Connections end with the loop that accepted them.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((connection, _)) = listener.accept().await {
        connections.spawn(serve(connection, Arc::clone(&shared)));
    }
}

/// One request for each connection.
async fn serve(mut connection: TcpStream, shared: Arc<Shared>) -> Option<()> {
    let head = read_head(&mut connection).await?;
    let path = head.split(' ').nth(1)?.to_owned();
    let page = shared
        .pages
        .lock()
        .unwrap()
        .get(without_query(&path))
        .cloned()
        .unwrap_or_else(|| Page::status(404));
    let mut visit = Visit {
        path,
        head,
        body: Vec::new(),
    };
    let length = visit
        .header("content-length")
        .and_then(|length| length.parse().ok());
    visit.body = vec![0; length.unwrap_or_default()];
    connection.read_exact(&mut visit.body).await.ok()?;
    let authorization = visit.header("authorization").map(str::to_owned);
    shared.visits.lock().unwrap().push(visit);
    page.send(connection, authorization.as_deref()).await
}

async fn read_head(connection: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(connection.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

fn without_query(path: &str) -> &str {
    path.split('?').next().unwrap_or_default()
}
