//! Hashing keys: argon2id, few at once.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use argon2::{Argon2, PasswordHash, PasswordHasher as _};
use secrecy::ExposeSecret as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{ApiKey, AuthenticationError};
use crate::{Error, Result};

/// A hash costs 19 MiB and tens of milliseconds of a core: more at once would let anyone who can send a wrong key take
/// the whole machine.
const HASHES_AT_ONCE: usize = 2;
/// Callers that may wait for one; beyond it they are told to come back.
const HASHES_WAITING: usize = 256;

#[derive(Debug, Clone)]
pub(super) struct Hasher {
    slots: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    hashed: Arc<AtomicU64>,
}

/// A place among those who wait for a hash.
pub(super) type Place = OwnedSemaphorePermit;

impl Default for Hasher {
    fn default() -> Self {
        Self {
            slots: Arc::new(Semaphore::new(HASHES_AT_ONCE)),
            queue: Arc::new(Semaphore::new(HASHES_WAITING)),
            hashed: Arc::default(),
        }
    }
}

impl Hasher {
    pub(super) fn queue(&self) -> Result<Place, AuthenticationError> {
        let place = Arc::clone(&self.queue).try_acquire_owned();
        place.map_err(|_| AuthenticationError::Busy)
    }

    pub(super) async fn hash(
        &self,
        place: Place,
        key: ApiKey,
        salt: Vec<u8>,
    ) -> Result<String, AuthenticationError> {
        let slot = Arc::clone(&self.slots).acquire_owned().await;
        let slot = slot.map_err(|_| AuthenticationError::Busy)?;
        self.hashed.fetch_add(1, Ordering::Relaxed);
        // Place and slot go with the thread: it hashes to its end, also for a client that hung up.
        let hashed = tokio::task::spawn_blocking(move || {
            let _until_the_end = (place, slot);
            hash_now(&key, &salt)
        });
        Ok(hashed.await.map_err(|error| fault(&error))??)
    }

    pub(super) fn hashed(&self) -> u64 {
        self.hashed.load(Ordering::Relaxed)
    }
}

/// The argon2id hash of a key that is to be stored, as a PHC string.
pub(crate) async fn hash(key: ApiKey, salt: Vec<u8>) -> Result<String> {
    let hashed = tokio::task::spawn_blocking(move || hash_now(&key, &salt));
    hashed.await.map_err(|error| fault(&error))?
}

fn hash_now(key: &ApiKey, salt: &[u8]) -> Result<String> {
    let hash: PasswordHash = Argon2::default()
        .hash_password_with_salt(key.expose_secret().as_bytes(), salt)
        .map_err(|error| fault(&error))?;
    Ok(hash.to_string())
}

/// The salt of a stored hash.
pub(super) fn salt_of(stored: &str) -> Result<Vec<u8>> {
    let stored = PasswordHash::new(stored).map_err(|error| fault(&error))?;
    let salt = stored.salt.ok_or_else(|| fault(&"a hash without a salt"))?;
    Ok(salt.as_ref().to_vec())
}

fn fault(error: &dyn std::fmt::Display) -> Error {
    Error::Fault(format!("argon2: {error}"))
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    const SALT: &[u8] = b"sixteen bytes ..";

    fn hashed(key: &str, salt: &[u8]) -> String {
        hash_now(&SecretString::from(key), salt).unwrap()
    }

    /// The only thread for long work is busy, so that hashes wait for it as long as the test wants.
    #[test]
    fn a_client_that_hangs_up_makes_no_room_for_another_hash_before_its_own_is_done() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .max_blocking_threads(1)
            .build()
            .unwrap();
        runtime.block_on(async {
            let hasher = Hasher::default();
            let (go_on, busy) = std::sync::mpsc::channel::<()>();
            let thread = tokio::task::spawn_blocking(move || busy.recv().unwrap());
            let asked = hasher.hash(hasher.queue().unwrap(), SecretString::from("k"), SALT.to_vec());
            assert!(futures_util::poll!(Box::pin(asked)).is_pending());
            // By now it is dropped.
            assert_eq!(hasher.slots.available_permits(), HASHES_AT_ONCE - 1);
            assert_eq!(hasher.queue.available_permits(), HASHES_WAITING - 1);
            go_on.send(()).unwrap();
            thread.await.unwrap();
            let all = u32::try_from(HASHES_AT_ONCE).unwrap();
            drop(hasher.slots.acquire_many(all).await.unwrap());
        });
    }

    #[test]
    fn a_key_has_one_hash_under_one_salt_and_others_have_others() {
        let right = hashed("right", SALT);
        assert!(right.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{right}");
        assert_eq!(right, hashed("right", SALT));
        for other in [
            hashed("righ", SALT),
            hashed("Right", SALT),
            hashed("right", b"sixteen bytes ,,"),
        ] {
            assert_ne!(right, other);
        }
    }
}
