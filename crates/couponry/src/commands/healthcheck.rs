//! `couponry healthcheck`: for Docker, which has no other HTTP client in the image.

use std::{
    io::{Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, bail};
use clap::Args;

use crate::config::Settings;

const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Ask whether requests can be served (/readyz), not only whether the process lives (/healthz)
    #[arg(long)]
    ready: bool,
}

pub(crate) fn run(arguments: &Arguments, settings: &Settings) -> anyhow::Result<()> {
    let Some(listen) = settings.probes_listen() else {
        bail!("a worker says how it is beside its metrics, and COUPONRY_METRICS_LISTEN is not set: set it");
    };
    let address = reachable(listen);
    if address.port() == 0 {
        bail!("the address to ask, {listen}, has port 0, so nobody knows where the server is: set one");
    }
    let path = if arguments.ready { "/readyz" } else { "/healthz" };
    let status = status(listen, path)?;
    match status.as_str() {
        "200" => Ok(()),
        status => bail!("http://{address}{path} answered {status}"),
    }
}

/// What the server with this listen address answers to the path.
pub(crate) fn status(listen: SocketAddr, path: &str) -> anyhow::Result<String> {
    let address = reachable(listen);
    ask(address, path).with_context(|| format!("no answer from http://{address}{path}"))
}

/// A server that listens everywhere listens on the loopback.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn ask(address: SocketAddr, path: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // In one piece: written part by part, the rest may meet a peer that has answered and closed.
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    // `HTTP/1.1 200`: the status is all that counts.
    let mut head = [0; 12];
    stream.read_exact(&mut head)?;
    let head = String::from_utf8_lossy(&head);
    let status = head.strip_prefix("HTTP/1.1 ").context("the answer is not HTTP")?;
    Ok(status.to_owned())
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    fn answering(answer: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        address
    }

    #[test]
    fn the_status_is_read() {
        let address = answering("HTTP/1.1 503 Service Unavailable\r\n\r\n");
        assert_eq!(ask(address, "/readyz").unwrap(), "503");
        assert!(ask(answering("SSH-2.0-OpenSSH_9.2\r\n"), "/").is_err());
    }

    #[test]
    fn everywhere_is_asked_on_the_loopback() {
        for (listen, asked) in [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:80", "[::1]:80"),
            ("192.0.2.7:80", "192.0.2.7:80"),
        ] {
            assert_eq!(reachable(listen.parse().unwrap()), asked.parse().unwrap());
        }
    }
}
