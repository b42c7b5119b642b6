//! Addresses that the program listens on.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use anyhow::Context as _;
use tokio::net::TcpSocket;

/// How many connections may wait for being accepted; the kernel may have a lower limit.
const BACKLOG: u32 = 1_024;

/// A port that is ours, and refuses whoever comes. In a listener that nobody accepts from yet they would wait, and those for whom its
/// queue has no room try again ever later, long after there is room.
pub(crate) fn bind(address: SocketAddr) -> anyhow::Result<TcpSocket> {
    let bind = || {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        // Connections of the process that was here before us are no reason to wait a minute.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        io::Result::Ok(socket)
    };
    bind().with_context(|| format!("cannot listen on {address}"))
}

pub(crate) fn listen(socket: TcpSocket) -> anyhow::Result<TcpListener> {
    let listener = socket.listen(BACKLOG).and_then(tokio::net::TcpListener::into_std);
    listener.context("cannot listen: another program may have begun to, on the same address")
}
