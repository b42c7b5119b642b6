//! Names become addresses that were checked, and the client connects to those and no others.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::{net::lookup_host, time::timeout};

use super::AddressPolicy;

/// Why a name gave no address. The client finds it again in the chain of sources of reqwest's error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum ResolveError {
    #[error("address not allowed")]
    NotAllowed,
    #[error("host not found")]
    NotFound,
}

#[derive(Debug)]
pub(super) struct GuardedResolver {
    policy: Arc<AddressPolicy>,
    limit: Duration,
}

impl GuardedResolver {
    pub(super) fn new(policy: Arc<AddressPolicy>, limit: Duration) -> Self {
        Self { policy, limit }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (policy, limit) = (Arc::clone(&self.policy), self.limit);
        Box::pin(async move {
            let name = looked_up(name.as_str(), &policy);
            // getaddrinfo has no time-out of its own.
            let found = timeout(limit, lookup_host((name, 0))).await;
            let found = found
                .map_err(|_| ResolveError::NotFound)?
                .map_err(|_| ResolveError::NotFound)?;
            let checked = checked(found.collect(), &policy)?;
            Ok(Box::new(checked.into_iter()) as Addrs)
        })
    }
}

/// With the root's dot, so that no search domain (five of them in Kubernetes) is tried after or before the name itself.
/// Where private networks are allowed their names are wanted too, and the dot would hide those of the hosts file.
fn looked_up(name: &str, policy: &AddressPolicy) -> String {
    let dot = name.contains('.') && !name.ends_with('.') && !policy.allows_private();
    format!("{name}{}", if dot { "." } else { "" })
}

/// One forbidden address spoils the answer: a name that points both ways is an attack or a mistake.
fn checked(found: Vec<SocketAddr>, policy: &AddressPolicy) -> Result<Vec<SocketAddr>, ResolveError> {
    let permitted = |ip: IpAddr| policy.permits(ip);
    match found.iter().map(SocketAddr::ip).all(permitted) {
        _ if found.is_empty() => Err(ResolveError::NotFound),
        true => Ok(found),
        false => Err(ResolveError::NotAllowed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(addresses: &[&str]) -> Vec<SocketAddr> {
        addresses
            .iter()
            .map(|text| SocketAddr::new(text.parse().unwrap(), 0))
            .collect()
    }

    #[test]
    fn one_forbidden_address_spoils_the_answer() {
        let policy = AddressPolicy::default();
        assert!(checked(answer(&["8.8.8.8", "2606:4700::1111"]), &policy).is_ok());
        for mixed in [["8.8.8.8", "10.0.0.1"], ["::1", "8.8.8.8"]] {
            assert_eq!(
                checked(answer(&mixed), &policy),
                Err(ResolveError::NotAllowed),
                "{mixed:?}"
            );
        }
    }

    #[test]
    fn no_address_at_all_is_not_found() {
        assert_eq!(
            checked(Vec::new(), &AddressPolicy::default()),
            Err(ResolveError::NotFound)
        );
    }

    #[test]
    fn a_public_name_is_looked_up_whole() {
        let strict = AddressPolicy::default();
        assert_eq!(looked_up("files.example.com", &strict), "files.example.com.");
        assert_eq!(looked_up("files.example.com.", &strict), "files.example.com.");
        let lax = "10.0.0.0/8".parse().unwrap();
        assert_eq!(looked_up("minio.storage.svc", &lax), "minio.storage.svc");
    }
}
