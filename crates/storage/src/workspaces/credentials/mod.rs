//! Who is let in: a key is hashed rarely, and what is stored is read ahead of need.

mod hasher;
mod stored;
mod upkeep;

pub(crate) use hasher::hash;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::WorkspaceId;
use moka::future::Cache;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};

use crate::{Error, Result, Storage, Workspace, pool::Pool};
use hasher::Hasher;
use stored::{Stored, read_stored};

/// A key as a client presents it.
pub type ApiKey = SecretString;

/// How long a key that verified against a stored hash needs no other verification; it ends sooner, with the hash.
const RIGHT_REMEMBERED: Duration = Duration::from_hours(24);
/// What is hashed with the key of a workspace that does not exist.
const DECOY_SALT: &[u8; 16] = b"couponry decoy 1";

/// How long a process goes by what it has read of a workspace's keys.
#[derive(Debug, Clone, Copy)]
pub struct KeyMemory {
    /// After so long the keys of a workspace that asks for something are read again, in the background.
    pub refresh_after: Duration,
    /// After so long nothing is believed any more: a revoked key is refused by then, whatever became of the database.
    pub forget_after: Duration,
}

impl Default for KeyMemory {
    fn default() -> Self {
        Self {
            refresh_after: Duration::from_secs(10),
            forget_after: Duration::from_secs(30),
        }
    }
}

/// Why nothing can be said about a key just now.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AuthenticationError {
    #[error("too many keys are being verified")]
    Busy,
    #[error(transparent)]
    Storage(#[from] Error),
}

/// What is known of workspaces and keys. Nothing is remembered of a wrong key: it costs the one who sends it the wait. A
/// right key that was seen before needs no hash, so wrong ones do not delay it; one not seen yet waits its turn among them.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    /// Its own, so that whoever fills the handlers' connections shuts nobody else out.
    pool: Pool,
    memory: KeyMemory,
    /// Workspaces that exist, with their salt and stored hashes.
    stored: Cache<WorkspaceId, Arc<Stored>>,
    /// Digests of (workspace, presented key) that were right, with the hash of the key.
    right: Cache<[u8; 32], Arc<str>>,
    hasher: Hasher,
    /// Keys whose use today is still to be noted.
    used: Arc<Mutex<HashSet<i64>>>,
}

/// Why a key was not hashed to a stored hash.
enum Refusal {
    Wrong,
    Failed(AuthenticationError),
}

impl<E: Into<AuthenticationError>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Credentials {
    pub(crate) fn new(pool: Pool, memory: KeyMemory) -> Self {
        Self {
            pool,
            memory,
            stored: Cache::builder()
                .max_capacity(10_000)
                .time_to_live(memory.forget_after)
                .build(),
            right: Cache::builder()
                .max_capacity(100_000)
                .time_to_live(RIGHT_REMEMBERED)
                .build(),
            hasher: Hasher::default(),
            used: Arc::default(),
        }
    }

    /// The workspace, if the key is one of its keys. Whatever is wrong, an attempt costs one hash and one look into the
    /// database. `before_hash` may refuse what that costs.
    async fn verify<E: From<AuthenticationError>>(
        &self,
        workspace: &WorkspaceId,
        key: &ApiKey,
        before_hash: impl FnOnce() -> Result<(), E>,
    ) -> Result<Option<Workspace>, E> {
        let presented = digest(workspace, key);
        if let Some(hash) = self.right.get(&presented).await {
            if let Some(found) = self.opened_by(workspace, &hash).await? {
                return Ok(Some(found));
            }
            // It was revoked, and is from now on like any other wrong key.
            self.right.invalidate(&presented).await;
        }
        before_hash()?;
        // Fifty first requests with one key wait for one verification.
        let verified = self
            .right
            .try_get_with(presented, self.hash_of_right_key(workspace, key));
        match verified.await {
            Ok(hash) => Ok(self.opened_by(workspace, &hash).await?),
            Err(refusal) => match &*refusal {
                Refusal::Wrong => Ok(None),
                Refusal::Failed(error) => Err(error.clone().into()),
            },
        }
    }

    /// The workspace, if this is the hash of one of its keys.
    async fn opened_by(
        &self,
        workspace: &WorkspaceId,
        hash: &str,
    ) -> Result<Option<Workspace>, AuthenticationError> {
        let Some(stored) = self.known_or_read(workspace).await? else {
            return Ok(None);
        };
        let Some(key) = stored.key(hash) else {
            return Ok(None);
        };
        stored.mark_used();
        if !key.used_today {
            self.used_keys().insert(key.api_key_id);
        }
        Ok(Some(stored.opened_by(key, workspace)))
    }

    /// The key's hash, if it is a stored one. What was remembered is read again before the key is called wrong: it may
    /// have been made a moment ago.
    async fn hash_of_right_key(&self, workspace: &WorkspaceId, key: &ApiKey) -> Result<Arc<str>, Refusal> {
        let place = self.hasher.queue()?;
        let remembered = self.remembered(workspace).await;
        let read = match &remembered {
            Some(_) => None,
            None => self.read(workspace).await?,
        };
        let salt = remembered
            .as_ref()
            .or(read.as_ref())
            .map_or_else(|| DECOY_SALT.to_vec(), |stored| stored.salt.clone());
        let hash = self.hasher.hash(place, key.clone(), salt).await?;
        let is_right = |stored: &Arc<Stored>| stored.key(&hash).is_some();
        let found = match &remembered {
            Some(stored) if is_right(stored) => true,
            Some(_) => self.read(workspace).await?.as_ref().is_some_and(is_right),
            None => read.as_ref().is_some_and(is_right),
        };
        if found {
            Ok(hash.into())
        } else {
            Err(Refusal::Wrong)
        }
    }

    /// Whether the password is the one of this hash; where there is none, the answer takes as long and is no.
    pub(crate) async fn is_password(
        &self,
        password: &SecretString,
        stored: Option<&str>,
        decoy_salt: &[u8],
    ) -> Result<bool, AuthenticationError> {
        let place = self.hasher.queue()?;
        let salt = match stored {
            Some(stored) => hasher::salt_of(stored)?,
            None => decoy_salt.to_vec(),
        };
        let hash = self.hasher.hash(place, password.clone(), salt).await?;
        Ok(stored.is_some_and(|stored| stored == hash))
    }

    /// What is known of the workspace, if that is not too long ago.
    async fn remembered(&self, workspace: &WorkspaceId) -> Option<Arc<Stored>> {
        let stored = self.stored.get(workspace).await?;
        if stored.age() < self.memory.forget_after {
            return Some(stored);
        }
        self.stored.invalidate(workspace).await;
        None
    }

    /// The same, or read by one of those who ask for it at once.
    async fn known_or_read(
        &self,
        workspace: &WorkspaceId,
    ) -> Result<Option<Arc<Stored>>, AuthenticationError> {
        if let Some(stored) = self.remembered(workspace).await {
            return Ok(Some(stored));
        }
        let read = self.stored.try_get_with_by_ref(workspace, async {
            match self.look_up(workspace).await {
                Ok(Some(stored)) => Ok(stored),
                Ok(None) => Err(None),
                Err(error) => Err(Some(error)),
            }
        });
        match read.await {
            Ok(stored) => Ok(Some(stored)),
            Err(error) => match &*error {
                Some(error) => Err(error.clone().into()),
                None => Ok(None),
            },
        }
    }

    /// What the database says now.
    async fn read(&self, workspace: &WorkspaceId) -> Result<Option<Arc<Stored>>> {
        let stored = self.look_up(workspace).await?;
        if let Some(stored) = &stored {
            self.stored.insert(workspace.clone(), Arc::clone(stored)).await;
        }
        Ok(stored)
    }

    async fn look_up(&self, workspace: &WorkspaceId) -> Result<Option<Arc<Stored>>> {
        let mut found = read_stored(&self.pool, &[workspace.as_str().to_owned()]).await?;
        Ok(found.pop().map(|(_, stored)| stored))
    }

    fn used_keys(&self) -> std::sync::MutexGuard<'_, HashSet<i64>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage {
    /// The workspace that these credentials open, or nothing. `before_hash` is asked when the key has to be hashed,
    /// since it was not found right lately, and may refuse.
    ///
    /// # Errors
    /// If the database has not answered for so long that what was read of the workspace counts no more.
    pub async fn authenticate<E: From<AuthenticationError>>(
        &self,
        workspace: &WorkspaceId,
        key: &ApiKey,
        before_hash: impl FnOnce() -> Result<(), E>,
    ) -> Result<Option<Workspace>, E> {
        self.credentials.verify(workspace, key, before_hash).await
    }

    /// How many keys were hashed to see whether they are right.
    pub fn keys_hashed(&self) -> u64 {
        self.credentials.hasher.hashed()
    }
}

/// Length-prefixed, so that no two pairs run together.
fn digest(workspace: &WorkspaceId, key: &ApiKey) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in [workspace.as_str(), key.expose_secret()] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concatenations_that_agree_have_different_digests() {
        let of = |workspace: &str, key: &str| {
            digest(&WorkspaceId::new(workspace).unwrap(), &SecretString::from(key))
        };
        assert_ne!(of("ab", "c"), of("a", "bc"));
        assert_eq!(of("ab", "c"), of("ab", "c"));
    }
}
