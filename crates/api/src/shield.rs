//! Before anyone is known: what one address may cost this process. governor's buckets are each process' own; what a
//! workspace may ask for is counted in the database (see `limits`).

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use actix_web::HttpRequest;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter, clock::Clock as _};
use moka::sync::Cache;

use crate::{error::ApiError, proxies::TrustedProxies};

/// Wrong keys that an address may present in a row: each costs a hash of 19 MiB and tens of milliseconds.
const WRONG_KEYS: NonZeroU32 = NonZeroU32::new(40).unwrap();
/// And how many a second, afterwards.
const WRONG_KEYS_A_SECOND: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// Addresses remembered. One that is forgotten begins anew.
const ADDRESSES: u64 = 10_000;

/// What is known of the addresses that were heard of lately.
#[derive(Debug, Clone)]
pub struct Shield {
    proxies: TrustedProxies,
    guessers: Cache<IpAddr, Arc<Guesser>>,
    /// All requests; absent where they are not limited.
    requests: Option<(Quota, Cache<IpAddr, Arc<DefaultDirectRateLimiter>>)>,
}

/// An address that presented wrong keys.
#[derive(Debug)]
struct Guesser {
    bucket: DefaultDirectRateLimiter,
    refused_until: Mutex<Option<Instant>>,
}

impl Shield {
    pub fn new(requests_a_second: Option<NonZeroU32>, proxies: TrustedProxies) -> Self {
        Self {
            proxies,
            guessers: addresses(),
            requests: requests_a_second.map(|number| (Quota::per_second(number), addresses())),
        }
    }

    /// Judged first of all.
    pub(crate) fn admit(&self, request: &HttpRequest) -> Result<(), ApiError> {
        let (Some((quota, buckets)), Some(address)) = (&self.requests, self.proxies.client(request)) else {
            return Ok(());
        };
        let bucket = buckets.get_with(address, || Arc::new(RateLimiter::direct(*quota)));
        refusal_of(&bucket).map_or(Ok(()), |wait| Err(too_many(wait)))
    }

    /// Judged before a key is hashed that this process has not found right lately: whoever guesses becomes slow and
    /// takes nobody else's time. Keys that are known never come here.
    pub(crate) fn admit_unknown_key(&self, request: &HttpRequest) -> Result<(), ApiError> {
        let guesser = self.proxies.client(request).and_then(|address| self.guessers.get(&address));
        let Some(guesser) = guesser else { return Ok(()) };
        let refused_until = *guesser
            .refused_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match refused_until.and_then(|until| until.checked_duration_since(Instant::now())) {
            Some(wait) => Err(too_many(wait)),
            None => Ok(()),
        }
    }

    /// Counts a key that was wrong.
    pub(crate) fn wrong_key(&self, request: &HttpRequest) {
        let Some(address) = self.proxies.client(request) else { return };
        let guesser = self.guessers.get_with(address, || {
            let quota = Quota::per_second(WRONG_KEYS_A_SECOND).allow_burst(WRONG_KEYS);
            Arc::new(Guesser {
                bucket: RateLimiter::direct(quota),
                refused_until: Mutex::default(),
            })
        });
        if let Some(wait) = refusal_of(&guesser.bucket) {
            *guesser
                .refused_until
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Instant::now().checked_add(wait);
        }
    }
}

fn addresses<T: Clone + Send + Sync + 'static>() -> Cache<IpAddr, T> {
    Cache::builder()
        .max_capacity(ADDRESSES)
        .time_to_idle(Duration::from_mins(5))
        .build()
}

/// Takes from the bucket; if it is empty, how long until it is not.
fn refusal_of(bucket: &DefaultDirectRateLimiter) -> Option<Duration> {
    let refused = bucket.check().err()?;
    Some(refused.wait_time_from(bucket.clock().now()))
}

fn too_many(wait: Duration) -> ApiError {
    ApiError::TooManyRequests {
        retry_after: i32::try_from(wait.as_secs())
            .unwrap_or(i32::MAX)
            .saturating_add(1),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn from(address: &str) -> HttpRequest {
        TestRequest::default()
            .peer_addr((address.parse::<IpAddr>().unwrap(), 1).into())
            .to_http_request()
    }

    #[test]
    fn guessing_is_slowed_down_for_the_one_who_guesses() {
        let shield = Shield::new(None, TrustedProxies::default());
        let guesser = from("2001:db8::1");
        for _ in 0..WRONG_KEYS.get() {
            assert!(shield.admit_unknown_key(&guesser).is_ok());
            shield.wrong_key(&guesser);
        }
        for _ in 0..100 {
            shield.wrong_key(&guesser);
        }
        assert_eq!(
            shield.admit_unknown_key(&guesser),
            Err(ApiError::TooManyRequests { retry_after: 1 })
        );
        assert!(shield.admit_unknown_key(&from("2001:db8::2:2")).is_err());
        assert!(shield.admit_unknown_key(&from("2001:db8:1::1")).is_ok());
        assert!(shield.admit(&guesser).is_ok());
    }

    #[test]
    fn a_flood_is_refused_where_a_limit_was_set() {
        let shield = Shield::new(NonZeroU32::new(3), TrustedProxies::default());
        let flood = from("192.0.2.1");
        let admitted = (0..50).filter(|_| shield.admit(&flood).is_ok()).count();
        assert!((3..50).contains(&admitted), "{admitted}");
        assert!(shield.admit(&from("192.0.2.2")).is_ok());
    }
}
