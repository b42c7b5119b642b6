//! Who may connect, and how long a connection may stand still.

use std::{net::SocketAddr, time::Duration};

use api::{Door, TrustedProxies};
use clap::Args;

use super::{
    Problems,
    values::{listen, number},
};

#[derive(Debug, Args)]
pub(crate) struct DoorVariables {
    /// Proxies whose `X-Forwarded-For` is believed: addresses and networks (CIDR), comma-separated
    #[arg(
        long,
        env = "COUPONRY_TRUSTED_PROXIES",
        global = true,
        value_name = "NETWORKS"
    )]
    trusted_proxies: Option<String>,

    /// The most connections at once; one address has half of them
    #[arg(
        long,
        env = "COUPONRY_CONNECTIONS",
        global = true,
        value_name = "N",
        default_value = "8192"
    )]
    connections: String,

    /// Seconds after which a client that takes nothing of its answer is cut off
    #[arg(
        long,
        env = "COUPONRY_STALL_SECONDS",
        global = true,
        value_name = "N",
        default_value = "60"
    )]
    stall_seconds: String,

    /// An address of its own for /metrics, /healthz and /readyz; absent: on the API's, /metrics for callers of the same machine
    #[arg(long, env = "COUPONRY_METRICS_LISTEN", global = true, value_name = "ADDRESS")]
    metrics_listen: Option<String>,
}

impl DoorVariables {
    pub(super) fn read(&self, problems: &mut Problems) -> Option<Door> {
        let proxies = proxies(self.trusted_proxies.as_deref().unwrap_or_default());
        let proxies = problems.keep("COUPONRY_TRUSTED_PROXIES", proxies);
        let connections = problems.keep("COUPONRY_CONNECTIONS", number(&self.connections, 16, 100_000));
        let stalled = problems.keep("COUPONRY_STALL_SECONDS", number(&self.stall_seconds, 1, 3_600));
        Some(Door {
            proxies: proxies?,
            connections: usize::try_from(connections?).ok()?,
            stalled: Duration::from_secs(stalled?),
        })
    }

    /// Nothing if there is to be no such address, or a wrong one was said.
    pub(super) fn metrics_listen(&self, problems: &mut Problems) -> Option<SocketAddr> {
        let address = self.metrics_listen.as_deref().map(listen).transpose();
        problems.keep("COUPONRY_METRICS_LISTEN", address).flatten()
    }
}

fn proxies(text: &str) -> Result<TrustedProxies, String> {
    text.parse()
        .map_err(|error| format!("is a list of addresses and networks: {error}"))
}
