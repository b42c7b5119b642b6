//! The HTTP server as a task of the main runtime, stopped in order.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use api::{App, Door, Exposition, Probed, Server, ServiceConfig};
use tokio::{sync::watch, task::JoinHandle};

#[derive(Debug)]
pub(crate) struct Http {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<io::Result<()>>,
}

impl Http {
    pub(crate) fn start(
        app: App,
        door: Door,
        listener: TcpListener,
        pages: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
    ) -> io::Result<Self> {
        Ok(Self::run(api::serve(app, door, listener, pages)?))
    }

    pub(crate) fn start_metrics(
        exposition: Exposition,
        probed: Probed,
        listener: TcpListener,
    ) -> io::Result<Self> {
        Ok(Self::run(api::serve_metrics(exposition, probed, listener)?))
    }

    fn run((server, address): (Server, SocketAddr)) -> Self {
        let (stop, mut stopped) = watch::channel(false);
        let task = tokio::spawn(async move {
            let handle = server.handle();
            let stopping = async {
                // An error means that nobody is left to ask for a stop.
                stopped.wait_for(|stopped| *stopped).await.ok();
                handle.stop(true).await;
            };
            // Both: a graceful stop is done by the server's own future.
            let (outcome, ()) = tokio::join!(server, stopping);
            outcome
        });
        Self { address, stop, task }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts nothing more, and returns when the requests under way are answered, or after the server's limit.
    pub(crate) async fn stop(self) {
        self.stop.send_replace(true);
        match self.task.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the HTTP server ended badly"),
            Err(error) => tracing::warn!(%error, "the HTTP server's task ended badly"),
        }
    }
}
