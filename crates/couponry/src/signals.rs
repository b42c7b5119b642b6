//! SIGTERM and SIGINT: the first asks us to finish, the second to stop.

use anyhow::Context as _;
use tokio::signal::unix::{self, SignalKind, signal};

#[derive(Debug)]
pub(crate) struct Signals {
    terminate: unix::Signal,
    interrupt: unix::Signal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// From an orchestrator or a service manager.
    Terminate,
    /// From a keyboard.
    Interrupt,
}

impl Signals {
    /// From here on neither ends the process by itself.
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let take = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            terminate: take(SignalKind::terminate())?,
            interrupt: take(SignalKind::interrupt())?,
        })
    }

    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Terminate,
            _ = self.interrupt.recv() => Signal::Interrupt,
        }
    }
}
