//! A host that answers exactly as told, down to the bytes.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use domain::FileUrl;
use rustls::{
    ServerConfig, ServerConnection,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// The pause between the bytes of a host that drips.
pub(crate) const DRIP: Duration = Duration::from_millis(10);

/// What the host does with one connection, once it has read the request's head.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// Sends this and closes.
    Bytes(Vec<u8>),
    /// Sends this and says no more until the client goes away.
    ThenStall(String),
    /// Sends this and breaks the connection.
    ThenReset(String),
    /// Sends this, then so many bytes one by one, with a pause before each, and closes.
    ThenDrip(String, usize),
    /// Sends this, and then something for ever.
    ThenEndless(String),
}

impl Answer {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Bytes(text.into().into_bytes())
    }

    pub(crate) fn file(body: &str) -> Self {
        Self::text(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    pub(crate) fn status(status: u16) -> Self {
        Self::text(format!("HTTP/1.1 {status} Whatever\r\nContent-Length: 0\r\n\r\n"))
    }

    pub(crate) fn redirect(to: &str) -> Self {
        Self::text(format!(
            "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"
        ))
    }
}

/// Serves one answer after the other, the last one again and again, and keeps the heads of the requests.
#[derive(Debug)]
pub(crate) struct Host {
    base: String,
    requests: Arc<Mutex<Vec<String>>>,
    _serving: JoinSet<()>,
}

impl Host {
    pub(crate) async fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::start_at("127.0.0.1", |_| answers.into_iter().collect()).await
    }

    /// For answers that name the host's own base URL.
    pub(crate) async fn start_at(address: &str, answers: impl FnOnce(&str) -> Vec<Answer>) -> Self {
        let (listener, base) = listen(address).await;
        let requests = Arc::new(Mutex::new(Vec::new()));
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, answers(&base), Arc::clone(&requests)));
        Self {
            base,
            requests,
            _serving: serving,
        }
    }

    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub(crate) fn url(&self) -> FileUrl {
        FileUrl::new(&self.at("/codes.csv")).unwrap()
    }

    /// The heads so far, in lower case.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// A port that a file may be fetched from: now and then the system gives out a well-known service's.
async fn listen(address: &str) -> (TcpListener, String) {
    loop {
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        if FileUrl::new(&base).is_ok() {
            return (listener, base);
        }
    }
}

async fn serve(listener: TcpListener, answers: Vec<Answer>, requests: Arc<Mutex<Vec<String>>>) {
    let mut connections = JoinSet::new();
    let last = answers.last().cloned().into_iter().cycle();
    for answer in answers.into_iter().chain(last) {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = head(&mut stream).await;
        requests.lock().unwrap().push(head);
        connections.spawn(give(stream, answer));
    }
}

/// Up to the blank line; of a TLS handshake the first bytes, since it waits for an answer to them.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let ended = |head: &[u8]| head.ends_with(b"\r\n\r\n") || head.starts_with(&[0x16]);
    while !ended(&head) && stream.read_buf(&mut head).await.is_ok_and(|read| read > 0) {}
    String::from_utf8_lossy(&head).to_lowercase()
}

/// Failures to write are the client's going away, which ends the answer.
async fn give(mut stream: TcpStream, answer: Answer) {
    match answer {
        Answer::Bytes(bytes) => {
            _ = stream.write_all(&bytes).await;
            _ = stream.shutdown().await;
        }
        Answer::ThenStall(text) => {
            _ = stream.write_all(text.as_bytes()).await;
            _ = stream.read(&mut [0]).await;
        }
        Answer::ThenReset(text) => {
            _ = stream.write_all(text.as_bytes()).await;
            stream.set_zero_linger().unwrap();
        }
        Answer::ThenDrip(text, bytes) => {
            _ = stream.write_all(text.as_bytes()).await;
            let mut pauses = tokio::time::interval(DRIP);
            for _ in 0..bytes {
                pauses.tick().await;
                if stream.write_all(b"x").await.is_err() {
                    return;
                }
            }
        }
        Answer::ThenEndless(text) => {
            _ = stream.write_all(text.as_bytes()).await;
            while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
        }
    }
}

/// A host with a certificate that nobody issued: where it is, and how often it was called.
pub(crate) async fn start_with_tls() -> (FileUrl, Arc<AtomicUsize>) {
    let (listener, base) = listen("127.0.0.1").await;
    let pem = include_bytes!("self_signed.pem");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(pem).unwrap()],
            PrivateKeyDer::from_pem_slice(pem).unwrap(),
        )
        .unwrap();
    let (config, visits) = (Arc::new(config), Arc::new(AtomicUsize::new(0)));
    let listener = listener.into_std().unwrap();
    listener.set_nonblocking(false).unwrap();
    let visited = Arc::clone(&visits);
    // Ends with the process.
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            visited.fetch_add(1, Ordering::Relaxed);
            let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            // Fails: the client does not go on with this certificate.
            _ = connection.complete_io(&mut stream);
        }
    });
    let url = FileUrl::new(&base.replace("http:", "https:")).unwrap();
    (url, visits)
}
