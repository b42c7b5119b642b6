//! Before anyone is known: what one address may cost this process. governor's buckets are each process' own; what a
//! workspace may ask for is counted in the database (see `limits`).

use std::{
    hash::{BuildHasher as _, Hash, RandomState},
    net::IpAddr,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use actix_web::{HttpRequest, rt::time::timeout};
use domain::WorkspaceId;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter, clock::Clock as _};
use moka::sync::Cache;
use tokio::sync::OwnedSemaphorePermit;

use crate::{ceilings::Shares, error::ApiError, metrics::count_refusal, proxies::TrustedProxies};

/// Guesses that an address may make in a row: a wrong key costs a hash of 19 MiB and tens of milliseconds, a
/// revoked token or a link that is signed with a replaced key a statement.
const GUESSES: NonZeroU32 = NonZeroU32::new(40).unwrap();
/// And how many a second, afterwards.
const GUESSES_A_SECOND: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// The same for all who guess the keys of one workspace, from wherever.
const WORKSPACE_GUESSES: NonZeroU32 = NonZeroU32::new(200).unwrap();
const WORKSPACE_GUESSES_A_SECOND: NonZeroU32 = NonZeroU32::new(20).unwrap();
/// What an address may present at once that this process does not know. A guess counts when it was found wrong: without
/// turns, many at once would all be looked at before the first of them counts.
const AT_ONCE: u32 = 8;
/// How long the others wait for their turn. Many that are right are soon known, so they are served one after the other.
const WAIT: Duration = Duration::from_secs(5);
/// Addresses, and workspaces, remembered. One that is forgotten begins anew.
const REMEMBERED: u64 = 10_000;
/// Things known to exist; one that is forgotten is only asked for again.
const KNOWN: u64 = 100_000;

/// What is known of the addresses that were heard of lately.
#[derive(Debug, Clone)]
pub struct Shield {
    proxies: TrustedProxies,
    guessers: Cache<IpAddr, Arc<Guesser>>,
    guessed: Cache<WorkspaceId, Arc<Guesser>>,
    turns: Arc<Shares<IpAddr>>,
    /// Workspaces, credentials, tokens and links that this process has found there, by their hashes.
    known: Cache<u64, ()>,
    hashes: RandomState,
    /// All requests; absent where they are not limited.
    requests: Option<(Quota, Cache<IpAddr, Arc<DefaultDirectRateLimiter>>)>,
}

/// Whoever guesses, or a workspace at whose keys it is guessed.
#[derive(Debug)]
struct Guesser {
    bucket: DefaultDirectRateLimiter,
    refused_until: Mutex<Option<Instant>>,
}

impl Shield {
    pub fn new(requests_a_second: Option<NonZeroU32>, proxies: TrustedProxies) -> Self {
        Self {
            proxies,
            guessers: remembered(),
            guessed: remembered(),
            turns: Arc::new(Shares::new(AT_ONCE)),
            known: Cache::builder()
                .max_capacity(KNOWN)
                .time_to_idle(Duration::from_hours(24))
                .build(),
            hashes: RandomState::new(),
            requests: requests_a_second.map(|number| (Quota::per_second(number), remembered())),
        }
    }

    pub(crate) fn proxies(&self) -> &TrustedProxies {
        &self.proxies
    }

    /// Judged first of all.
    pub(crate) fn admit(&self, request: &HttpRequest) -> Result<(), ApiError> {
        let (Some((quota, buckets)), Some(address)) = (&self.requests, self.proxies.client(request)) else {
            return Ok(());
        };
        let bucket = buckets.get_with(address, || Arc::new(RateLimiter::direct(*quota)));
        refusal_of(&bucket).map_or(Ok(()), |wait| Err(too_many("address_requests", wait)))
    }

    /// The turn of something that this process may not know, to be kept until it was found right or wrong. What is known
    /// needs none.
    pub(crate) async fn turn<T: Hash + ?Sized>(
        &self,
        request: &HttpRequest,
        thing: &T,
    ) -> Result<Option<OwnedSemaphorePermit>, ApiError> {
        if self.knows(thing) {
            return Ok(None);
        }
        let Some(address) = self.proxies.client(request) else {
            return Ok(None);
        };
        let turn = timeout(WAIT, self.turns.of(address).acquire_owned()).await;
        let turn = turn.map_err(|_| too_many("guesses", Duration::ZERO))?;
        turn.map(Some).map_err(|_| ApiError::BUSY)
    }

    /// Judged before the database is asked for a workspace, a token or a link of which this process does not know that it
    /// is there: whoever guesses becomes slow and takes nobody else's time. What is known never comes to this.
    pub(crate) fn admit_unknown(&self, request: &HttpRequest, thing: &str) -> Result<(), ApiError> {
        if self.knows(thing) {
            return Ok(());
        }
        self.guesser(request).map_or(Ok(()), |guesser| guesser.admit())
    }

    /// What was found to be there. To note it again would cost more than the rest of a request's judging.
    pub(crate) fn learn<T: Hash + ?Sized>(&self, thing: &T) {
        if !self.knows(thing) {
            self.known.insert(self.hashes.hash_one(thing), ());
        }
    }

    pub(crate) fn knows<T: Hash + ?Sized>(&self, thing: &T) -> bool {
        // A read, so that what is used is remembered.
        self.known.get(&self.hashes.hash_one(thing)).is_some()
    }

    /// Counts a token or a link that was wrong, and says what it gets: whoever has guessed enough is told nothing more.
    pub(crate) fn refusal_of_a_guess(&self, request: &HttpRequest) -> ApiError {
        let admitted = self.guesser(request).map_or(Ok(()), |guesser| guesser.admit());
        self.guessed_wrong(request);
        admitted.err().unwrap_or(ApiError::NotFound)
    }

    fn guessed_wrong(&self, request: &HttpRequest) {
        if let Some(address) = self.proxies.client(request) {
            let guesser = || Arc::new(Guesser::new(GUESSES, GUESSES_A_SECOND));
            self.guessers.get_with(address, guesser).count();
        }
    }

    /// Judged before a key is hashed that this process has not found right lately. Keys that are known never come here.
    pub(crate) fn admit_unknown_key(
        &self,
        request: &HttpRequest,
        workspace: &WorkspaceId,
    ) -> Result<(), ApiError> {
        if let Some(guesser) = self.guesser(request) {
            guesser.admit()?;
        }
        self.guessed
            .get(workspace)
            .map_or(Ok(()), |guessed| guessed.admit())
    }

    /// Counts a key that was wrong.
    pub(crate) fn wrong_key(&self, request: &HttpRequest, workspace: &WorkspaceId) {
        self.guessed_wrong(request);
        let guessed = || Arc::new(Guesser::new(WORKSPACE_GUESSES, WORKSPACE_GUESSES_A_SECOND));
        self.guessed.get_with_by_ref(workspace, guessed).count();
    }

    fn guesser(&self, request: &HttpRequest) -> Option<Arc<Guesser>> {
        self.guessers.get(&self.proxies.client(request)?)
    }
}

impl Guesser {
    fn new(in_a_row: NonZeroU32, a_second: NonZeroU32) -> Self {
        Self {
            bucket: RateLimiter::direct(Quota::per_second(a_second).allow_burst(in_a_row)),
            refused_until: Mutex::default(),
        }
    }

    fn admit(&self) -> Result<(), ApiError> {
        let refused_until = *self.refused_until();
        match refused_until.and_then(|until| until.checked_duration_since(Instant::now())) {
            Some(wait) => Err(too_many("guesses", wait)),
            None => Ok(()),
        }
    }

    fn count(&self) {
        if let Some(wait) = refusal_of(&self.bucket) {
            *self.refused_until() = Instant::now().checked_add(wait);
        }
    }

    fn refused_until(&self) -> MutexGuard<'_, Option<Instant>> {
        self.refused_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remembered<K: Hash + Eq + Send + Sync + 'static, T: Clone + Send + Sync + 'static>() -> Cache<K, T> {
    Cache::builder()
        .max_capacity(REMEMBERED)
        .time_to_idle(Duration::from_mins(5))
        .build()
}

/// Takes from the bucket; if it is empty, how long until it is not.
fn refusal_of(bucket: &DefaultDirectRateLimiter) -> Option<Duration> {
    let refused = bucket.check().err()?;
    Some(refused.wait_time_from(bucket.clock().now()))
}

fn too_many(limit: &'static str, wait: Duration) -> ApiError {
    count_refusal(limit);
    ApiError::TooManyRequests(
        i32::try_from(wait.as_secs())
            .unwrap_or(i32::MAX)
            .saturating_add(1),
    )
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use futures_util::FutureExt as _;

    use super::*;

    fn from(address: &str) -> HttpRequest {
        TestRequest::default()
            .peer_addr((address.parse::<IpAddr>().unwrap(), 1).into())
            .to_http_request()
    }

    fn workspace(id: &str) -> WorkspaceId {
        WorkspaceId::new(id).unwrap()
    }

    #[test]
    fn guessing_is_slowed_down_for_the_one_who_guesses() {
        let shield = Shield::new(None, TrustedProxies::default());
        let (guesser, at) = (from("2001:db8::1"), workspace("w"));
        shield.learn("token");
        for _ in 0..GUESSES.get() {
            assert!(shield.admit_unknown_key(&guesser, &at).is_ok());
            shield.wrong_key(&guesser, &at);
        }
        for _ in 0..100 {
            shield.guessed_wrong(&guesser);
        }
        assert_eq!(
            shield.admit_unknown_key(&guesser, &at),
            Err(ApiError::TooManyRequests(1))
        );
        assert!(shield.admit_unknown(&guesser, "other token").is_err());
        assert!(shield.admit_unknown(&guesser, "token").is_ok());
        assert!(shield.admit_unknown_key(&from("2001:db8::2:2"), &at).is_err());
        assert!(shield.admit_unknown_key(&from("2001:db8:1::1"), &at).is_ok());
        assert!(shield.admit(&guesser).is_ok());
    }

    #[test]
    fn guessing_at_one_workspace_from_many_addresses_is_slowed_down_too() {
        let shield = Shield::new(None, TrustedProxies::default());
        for n in 0..=250_u8 {
            shield.wrong_key(&from(&format!("192.0.2.{n}")), &workspace("w"));
        }
        let newcomer = from("198.51.100.1");
        assert!(shield.admit_unknown_key(&newcomer, &workspace("w")).is_err());
        assert!(shield.admit_unknown_key(&newcomer, &workspace("x")).is_ok());
    }

    #[actix_web::test]
    async fn an_address_has_some_turns_at_once_and_what_is_known_needs_none() {
        let shield = Shield::new(None, TrustedProxies::default());
        let (one, other) = (from("192.0.2.1"), from("192.0.2.2"));
        let take = async |request: &HttpRequest, thing: &str| shield.turn(request, thing).await.unwrap();
        let mut turns = Vec::new();
        for n in 0..AT_ONCE {
            turns.push(take(&one, &*n.to_string()).await);
        }
        assert!(turns.iter().all(Option::is_some));
        assert!(take(&one, "more").now_or_never().is_none());
        assert!(take(&other, "more").await.is_some());
        shield.learn("known");
        assert!(take(&one, "known").await.is_none());
        turns.pop();
        assert!(take(&one, "more").await.is_some());
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
