//! Clients that are slow, greedy, or send nonsense: they are cut off or refused, memory stays flat, and honest ones beside
//! them are answered at once.

mod bodies;
mod forms;
mod heads;
mod nonsense;
mod pipelines;
mod readers;

use std::time::{Duration, Instant};

use reqwest::Method;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::app::{TestApp, in_time, send, wait_for};

/// What an honest client waits for at most: this machine may be busy with other tests, and the program is not optimised.
/// `chaos edge` allows a release build one second.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Somebody new asks for something, and somebody known takes a code.
async fn assert_honest_clients_are_served(app: &TestApp, list: &str, user: &str) {
    let asked = Instant::now();
    let answer = in_time("an answer", send(app.anonymous(Method::GET, "/healthz"))).await;
    assert_eq!(answer.status, 200);
    app.take(list, user).await;
    assert!(asked.elapsed() < AT_ONCE, "{:?}", asked.elapsed());
}

/// Writes a byte now and then, beyond what was begun, until an answer comes; its status, or none if the connection was closed
/// without one.
async fn drip(connection: &mut TcpStream, byte: &[u8]) -> Option<u16> {
    let mut answer = vec![0; 64];
    let length = wait_for("the server to lose patience", async || {
        if connection.write_all(byte).await.is_err() {
            return Some(connection.read(&mut answer).await.unwrap_or_default());
        }
        match connection.try_read(&mut answer) {
            Ok(length) => Some(length),
            Err(error) => (error.kind() != std::io::ErrorKind::WouldBlock).then_some(0),
        }
    })
    .await;
    std::str::from_utf8(answer.get(9..12).filter(|_| length > 12)?)
        .ok()?
        .parse()
        .ok()
}

/// Whether the server has closed it; whatever it answered before is passed over.
fn is_closed(connection: &TcpStream) -> bool {
    loop {
        match connection.try_read(&mut [0; 1024]) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() != std::io::ErrorKind::WouldBlock,
        }
    }
}
