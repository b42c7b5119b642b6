//! How many connections there may be at once, of all peers and of one address, and how many with a long head.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::warn;

use crate::{
    metrics::count_refusal,
    proxies::{TrustedProxies, one_a_network},
};

/// How often the log is told that connections are refused.
const TELL_EVERY: Duration = Duration::from_mins(1);
/// How many heads may be long at once: actix-http takes 128 KiB of each, which is 16 MiB of all of these.
const LONG_HEADS: usize = 128;

/// The connections that are open, counted for all threads of the server.
#[derive(Debug, Clone)]
pub(crate) struct Places(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    most: usize,
    /// Whose connections are many people's: they have no ceiling of their own.
    proxies: TrustedProxies,
    long_heads: Arc<Semaphore>,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    /// When the log was last told that there was no place.
    told: Option<Instant>,
    by_address: HashMap<IpAddr, usize>,
}

/// A connection's place, free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Places,
    address: IpAddr,
}

impl Places {
    pub(crate) fn new(most: usize, proxies: TrustedProxies) -> Self {
        Self(Arc::new(Shared {
            most,
            proxies,
            long_heads: Arc::new(Semaphore::new(LONG_HEADS)),
            taken: Mutex::default(),
        }))
    }

    /// A place for a connection from this address, if there is one: an address has half of all places at most.
    pub(crate) fn take(&self, peer: IpAddr) -> Option<Place> {
        let address = one_a_network(peer);
        let most_of_one = if self.0.proxies.contains(peer) {
            self.0.most
        } else {
            self.0.most.div_ceil(2)
        };
        let mut taken = self.taken();
        let of_address = taken.by_address.get(&address).copied().unwrap_or_default();
        if taken.all >= self.0.most || of_address >= most_of_one {
            if taken.told.is_none_or(|told| told.elapsed() > TELL_EVERY) {
                taken.told = Some(Instant::now());
                warn!(%address, connections = taken.all, of_address, "connections are refused: there are too many");
            }
            return None;
        }
        taken.all += 1;
        taken.by_address.insert(address, of_address + 1);
        drop(taken);
        Some(Place {
            places: self.clone(),
            address,
        })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Until the head is whole.
    pub(crate) fn for_long_head(&self) -> Option<OwnedSemaphorePermit> {
        let place = self.places.0.long_heads.clone().try_acquire_owned().ok();
        if place.is_none() {
            count_refusal("long_heads");
        }
        place
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.all -= 1;
        if let Some(of_address) = taken.by_address.get_mut(&self.address) {
            *of_address -= 1;
            if *of_address == 0 {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_has_half_of_the_places_and_a_proxy_all() {
        let places = Places::new(4, "192.0.2.1".parse().unwrap());
        let take = |address: &str| places.take(address.parse().unwrap());
        let greedy = [take("2001:db8::1"), take("2001:db8::2")];
        assert!(greedy.iter().all(Option::is_some));
        assert!(take("2001:db8::3").is_none());
        let proxy = [take("192.0.2.1"), take("192.0.2.1"), take("192.0.2.1")];
        assert_eq!(proxy.iter().flatten().count(), 2);
        drop(greedy);
        assert!(take("2001:db8::3").is_some());
        drop(proxy);
        assert_eq!(places.taken().all, 0);
        assert!(places.taken().by_address.is_empty());
    }
}
